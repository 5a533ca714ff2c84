/* Times of files: what changes them, and setting them to the nanosecond. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT, 0600);
    struct timespec times[2] = { { 1000, 5 }, { 2000, 7 } };
    CALL(futimens(file, times));
    struct stat status;
    fstat(file, &status);
    SHOW("set", "%ld.%09ld %ld.%09ld", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec, (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    write(file, "x", 1);
    fstat(file, &status);
    SHOW("written", "%d %ld", status.st_mtim.tv_sec > 2000, (long)status.st_atim.tv_sec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CALL(utimensat(AT_FDCWD, "file", times, 0));
    fstat(file, &status);
    SHOW("omitted", "%ld %d", (long)status.st_atim.tv_sec, status.st_mtim.tv_sec > 100000);
    times[0].tv_nsec = 1000000000;
    CALL(futimens(file, times));
    symlink("file", "link");
    struct timespec link_times[2] = { { 50, 0 }, { 60, 0 } };
    CALL(utimensat(AT_FDCWD, "link", link_times, AT_SYMLINK_NOFOLLOW));
    lstat("link", &status);
    SHOW("link", "%ld", (long)status.st_mtim.tv_sec);
    CALL(utimensat(AT_FDCWD, "nothing", NULL, 0));
    mkdir("d", 0755);
    times[0] = times[1] = (struct timespec){ 500, 0 };
    utimensat(AT_FDCWD, "d", times, 0);
    close(open("d/f", O_CREAT, 0600));
    stat("d", &status);
    SHOW("directory changed", "%d", status.st_mtim.tv_sec > 500);
    struct statx more;
    CALL(statx(AT_FDCWD, "file", 0, STATX_ALL, &more));
    SHOW("birth", "%d %d", !!(more.stx_mask & STATX_BTIME), more.stx_btime.tv_sec > 100000);
    CHECK(more.stx_size == 1 && more.stx_nlink == 1);
    CALL(statx(AT_FDCWD, "file", 0x10, STATX_ALL, &more));
    END();
}
