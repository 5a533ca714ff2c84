/* Flags of calls on files: preadv2, O_DIRECT, statx, renameat2, openat2, sync_file_range, seals, O_TMPFILE. */
#include "check.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char bytes[65536] __attribute__((aligned(4096)));

static void extended(const char *name, unsigned mask, int flags) {
    struct statx status;
    memset(&status, 0xee, sizeof status);
    int done = statx(AT_FDCWD, name, flags, mask, &status);
    if (done) { SHOW(name, "%s", strerrorname_np(errno)); return; }
    SHOW(name, "mask %x attributes %llx, blksize %u, mode %o, btime %d, mount %d, memory %u offset %u",
        status.stx_mask, status.stx_attributes, status.stx_blksize, status.stx_mode,
        status.stx_mask & STATX_BTIME ? status.stx_btime.tv_sec > 0 : -1,
        status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id > 0 : -1, status.stx_dio_mem_align,
        status.stx_dio_offset_align);
}

int main(void) {
    int file = open("file", O_RDWR | O_CREAT, 0644);
    memset(bytes, 'x', sizeof bytes);
    struct iovec one = { bytes, 4096 };
    static const int flags[] = { 0, 1, 2, 4, 8, 16, 32, 64, 128, 48, 6, 0x80000000 };
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        long written = pwritev2(file, &one, 1, 0, flags[i]);
        int wrong = errno;
        long taken = preadv2(file, &one, 1, 0, flags[i]);
        SHOW("flags", "%x: write %ld %s, read %ld %s", flags[i], written, written < 0 ? strerrorname_np(wrong) : "", taken,
            taken < 0 ? strerrorname_np(errno) : "");
    }
    struct stat status;
    fstat(file, &status);
    SHOW("appended", "%ld", (long)status.st_size);
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(pwritev2(file, &one, 1, -1, 0));
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(pwritev2(file, &one, 1, -1, RWF_APPEND));
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(preadv2(file, &one, 1, -2, 0));
    int appends = open("file", O_RDWR | O_APPEND);
    CALL(pwrite(appends, "a", 1, 0));
    CALL(pwritev2(appends, &one, 1, 0, 0x20));
    fstat(file, &status);
    SHOW("appended", "%ld", (long)status.st_size);
    int ends[2];
    pipe(ends);
    CALL(preadv2(ends[0], &one, 1, -1, RWF_NOWAIT));
    CALL(pwritev2(ends[1], &one, 1, -1, RWF_NOWAIT));
    CALL(preadv2(ends[0], &one, 1, -1, RWF_NOWAIT));
    CALL(preadv2(ends[0], &one, 1, 0, 0));

    int direct = open("direct", O_RDWR | O_CREAT | O_DIRECT, 0644);
    OK(direct);
    CALL(fcntl(direct, F_GETFL) & O_DIRECT ? 1 : 0);
    CALL(write(direct, bytes, 8192));
    CALL(pwrite(file, "cached", 6, 0));
    CALL(pread(direct, bytes + 8192, 4096, 4096));
    CALL(pread(direct, bytes, 100000, 8192));
    CALL(fcntl(file, F_SETFL, O_DIRECT));
    CALL(pread(file, bytes, 4096, 0));
    SHOW("coherent", "%.6s", bytes);
    CALL(fcntl(file, F_SETFL, 0));
    CALL(ftruncate(direct, 5000));
    CALL(pread(direct, bytes, 8192, 0));
    CALL(pread(direct, bytes, 8192, 4096));
    CALL(pwrite(direct, bytes, 4096, 16384));
    fstat(direct, &status);
    SHOW("size", "%ld", (long)status.st_size);
    CALL(open(".", O_RDONLY | O_DIRECT) >= 0);
    CALL(open("/proc/version", O_RDONLY | O_DIRECT));
    CALL(open("/dev/null", O_RDONLY | O_DIRECT));

    mkdir("d", 01777);
    symlink("file", "link");
    extended("file", STATX_BASIC_STATS, 0);
    extended("file", STATX_ALL, 0);
    extended("file", 0, 0);
    extended("file", STATX_MNT_ID | STATX_DIOALIGN, 0);
    extended("d", STATX_ALL | STATX_DIOALIGN | STATX_MNT_ID, 0);
    extended("link", STATX_BASIC_STATS | STATX_DIOALIGN, AT_SYMLINK_NOFOLLOW);
    extended(".", STATX_BASIC_STATS, AT_STATX_FORCE_SYNC);
    extended("/", STATX_BASIC_STATS | STATX_MNT_ID, 0);
    extended("nothing", STATX_BASIC_STATS, 0);
    extended("file", 0x80000000, 0);
    extended("file", STATX_BASIC_STATS, AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC);
    extended("file", STATX_BASIC_STATS, 1);

    close(open("x", O_CREAT | O_WRONLY, 0600));
    CALL(renameat2(AT_FDCWD, "x", AT_FDCWD, "file", RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "x", AT_FDCWD, "y", RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "y", AT_FDCWD, "z", RENAME_EXCHANGE));
    CALL(renameat2(AT_FDCWD, "y", AT_FDCWD, "d", RENAME_EXCHANGE));
    CALL(renameat2(AT_FDCWD, "y", AT_FDCWD, "d", RENAME_EXCHANGE | RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "y", AT_FDCWD, "d", 8));
    CALL(renameat2(AT_FDCWD, "d", AT_FDCWD, "w", RENAME_WHITEOUT));
    OK(lstat("d", &status));
    SHOW("left", "%o %lx", status.st_mode, (long)status.st_rdev);
    CALL(renameat2(AT_FDCWD, "w", AT_FDCWD, "v", RENAME_WHITEOUT | RENAME_EXCHANGE));

    CALL(sync_file_range(file, 0, 0, 7));
    CALL(sync_file_range(file, -1, 0, 7));
    CALL(sync_file_range(file, 0, -1, 7));
    CALL(sync_file_range(file, 0, 10, 8));
    CALL(sync_file_range(ends[0], 0, 10, 7));
    CALL(sync_file_range(open(".", O_RDONLY), 0, 10, 7));
    CALL(fcntl(file, F_GET_SEALS));
    CALL(fcntl(open(".", O_RDONLY), F_GET_SEALS));
    CALL(fcntl(ends[0], F_GET_SEALS));

    int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
    OK(unnamed);
    fstat(unnamed, &status);
    SHOW("links", "%ld", (long)status.st_nlink);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", unnamed);
    CALL(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    fstat(unnamed, &status);
    SHOW("links", "%ld", (long)status.st_nlink);
    unnamed = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    snprintf(name, sizeof name, "/proc/self/fd/%d", unnamed);
    CALL(linkat(AT_FDCWD, name, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
    CALL(open(".", O_TMPFILE | O_RDONLY, 0600));
    CALL(open("file", O_TMPFILE | O_RDWR, 0600));

    static const struct { const char *path; long long resolve; } ways[] = {
        { "file", 0 }, { "link", RESOLVE_NO_SYMLINKS }, { "../x", RESOLVE_BENEATH }, { "/etc/passwd", RESOLVE_BENEATH },
        { "/file", RESOLVE_IN_ROOT }, { "../file", RESOLVE_IN_ROOT }, { "/proc/self/exe", RESOLVE_NO_MAGICLINKS },
        { "/proc/version", RESOLVE_NO_XDEV }, { "file", 0x1000 },
        { "file", RESOLVE_BENEATH | RESOLVE_IN_ROOT }, { "d/../file", RESOLVE_BENEATH },
    };
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct open_how how = { .flags = O_RDONLY, .resolve = ways[i].resolve };
        long opened = syscall(SYS_openat2, AT_FDCWD, ways[i].path, &how, sizeof how);
        SHOW(ways[i].path, "%llx %s", ways[i].resolve, opened < 0 ? strerrorname_np(errno) : "ok");
    }
    END();
}
