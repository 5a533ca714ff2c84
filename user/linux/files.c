/* Files: flags, offsets, vectors, locks, directories, links, times, limits of names, errors. */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

static void basics(void) {
    char buffer[64];
    int file = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644);
    SHOW("lowest", "%d", file);
    CALL(write(file, "hello world", 11));
    CALL(lseek(file, 0, SEEK_SET));
    CALL(read(file, buffer, 5));
    CALL(pread(file, buffer, 64, 6));
    CALL(pwrite(file, "W", 1, 6));
    CALL(lseek(file, -3, SEEK_END));
    CALL(lseek(file, -30, SEEK_CUR));
    CALL(lseek(file, 100, SEEK_SET));
    CALL(write(file, "!", 1));
    CALL(lseek(file, 0, SEEK_DATA));
    CALL(lseek(file, 101, SEEK_DATA));
    CALL(lseek(file, 0, SEEK_HOLE) > 0);
    struct stat status;
    fstat(file, &status);
    SHOW("size", "%ld mode %o links %ld", (long)status.st_size, status.st_mode, (long)status.st_nlink);
    CALL(ftruncate(file, 5));
    fstat(file, &status);
    SHOW("size", "%ld", (long)status.st_size);
    CALL(ftruncate(file, -1));
    struct iovec vectors[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
    CALL(writev(file, vectors, 3));
    CALL(writev(file, vectors, -1));
    CALL(fcntl(file, F_GETFL) & O_ACCMODE);
    CALL(fcntl(file, F_SETFL, O_APPEND));
    CALL(!!(fcntl(file, F_GETFL) & O_APPEND));
    CALL(lseek(file, 0, SEEK_SET));
    CALL(write(file, "end", 3));
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(dup2(file, 20));
    CALL(fcntl(file, F_DUPFD, 15));
    CALL(fcntl(file, F_DUPFD_CLOEXEC, 15));
    CALL(fcntl(16, F_GETFD));
    CALL(close_range(15, 30, 0));
    CALL(fcntl(20, F_GETFD));
    CALL(dup3(file, file, 0));
    CALL(close(file));
    CALL(close(file));
    CALL(read(file, buffer, 1));
    CALL(open("data", O_RDONLY | O_CREAT | O_EXCL, 0600));
    CALL(open("nothing", O_RDONLY));
    CALL(open("data/x", O_RDONLY));
    CALL(open(".", O_WRONLY));
    CALL(open("data", O_RDONLY | O_DIRECTORY));
    CALL(open("", O_RDONLY));
    CALL(open((char *)1, O_RDONLY));
    char longest[300]; memset(longest, 'a', 299); longest[299] = 0;
    CALL(open(longest, O_RDONLY));
    file = open("data", O_RDONLY);
    CALL(write(file, "x", 1));
    CALL(read(file, (void *)8, 4));
    CALL(ftruncate(file, 3));
    int nameless = open(".", O_TMPFILE | O_RDWR, 0600);
    CALL(write(nameless, "nameless", 8));
    fstat(nameless, &status);
    SHOW("nameless", "%ld", (long)status.st_nlink);
    char path[64]; sprintf(path, "/proc/self/fd/%d", nameless);
    CALL(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CALL(unlink("named"));
    close(nameless); close(file);
}

static void names(void) {
    CALL(mkdir("directory", 0755));
    CALL(mkdir("directory", 0755));
    CALL(symlink("directory", "link"));
    CALL(symlink("loop", "loop"));
    CALL(open("loop", O_RDONLY));
    CALL(open("link", O_RDONLY | O_NOFOLLOW));
    char body[32];
    CALL(readlink("link", body, 4));
    CALL(readlink("data", body, 4));
    CALL(link("data", "directory/other"));
    CALL(link("directory", "dirlink"));
    struct stat status;
    stat("data", &status);
    SHOW("links", "%ld", (long)status.st_nlink);
    CALL(rename("directory/other", "moved"));
    CALL(rename("directory", "directory/inside"));
    CALL(rename("data", "directory"));
    CALL(rmdir("directory/."));
    CALL(rmdir("link"));
    CALL(unlink("directory"));
    CALL(mkdir("directory/sub", 0700));
    CALL(rmdir("directory"));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "data", 1));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "directory", 2));
    stat("moved", &status);
    SHOW("exchanged", "%d", S_ISDIR(status.st_mode));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "directory", 2));
    CALL(access("data", R_OK | W_OK));
    CALL(access("data", X_OK));
    CALL(chmod("data", 0400));
    CALL(chown("data", 12, 34));
    stat("data", &status);
    SHOW("owner", "%d %d %o", status.st_uid, status.st_gid, status.st_mode);
    struct timespec times[2] = { { 100, 5 }, { 0, UTIME_OMIT } };
    CALL(utimensat(AT_FDCWD, "data", times, 0));
    stat("data", &status);
    SHOW("access time", "%ld %ld", status.st_atim.tv_sec, status.st_atim.tv_nsec);
    struct statx extended;
    CALL(statx(AT_FDCWD, "data", 0, STATX_BASIC_STATS, &extended));
    SHOW("statx", "%x %o %d", extended.stx_mask & STATX_BASIC_STATS, extended.stx_mode, extended.stx_uid);
    struct statfs filesystem;
    CALL(statfs(".", &filesystem));
    SHOW("statfs", "%lx %ld", (long)filesystem.f_type, (long)filesystem.f_namelen);
    CALL(mknod("fifo", S_IFIFO | 0600, 0));
    stat("fifo", &status);
    SHOW("fifo", "%o", status.st_mode);
    CALL(open("fifo", O_WRONLY | O_NONBLOCK));
    CALL(unlink("fifo"));
    int entries = 0;
    DIR *directory = opendir(".");
    while (readdir(directory)) entries++;
    closedir(directory);
    SHOW("entries", "%d", entries);
    char here[256];
    CALL(chdir("directory/sub"));
    getcwd(here, sizeof here);
    SHOW("cwd ends", "%s", strrchr(here, '/'));
    CALL(syscall(SYS_getcwd, here, 3));
    CALL(rmdir("../sub"));
    CALL(getcwd(here, sizeof here));
    CALL(chdir("../.."));
    CALL(umask(027));
    CALL(open("masked", O_CREAT | O_WRONLY, 0666) >= 0);
    stat("masked", &status);
    SHOW("masked", "%o", status.st_mode);
    umask(022);
}

static void locks(void) {
    int file = open("data2", O_RDWR | O_CREAT, 0644);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
    CALL(fcntl(file, F_SETLK, &lock));
    pid_t child = fork();
    if (child == 0) {
        struct flock query = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 15 };
        CALL(fcntl(file, F_SETLK, &query));
        CALL(fcntl(file, F_GETLK, &query));
        SHOW("conflict", "%d %ld %ld %d", query.l_type, (long)query.l_start, (long)query.l_len, query.l_pid == getppid());
        int other = open("data2", O_RDWR);
        CALL(flock(other, LOCK_EX | LOCK_NB));
        CALL(flock(file, LOCK_EX | LOCK_NB));
        _exit(0);
    }
    wait(NULL);
    CALL(flock(file, LOCK_EX | LOCK_NB));
    close(file);
}

static void moves(void) {
    int source = open("data2", O_RDWR | O_TRUNC), target = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char block[5000]; memset(block, 'q', sizeof block);
    write(source, block, sizeof block);
    lseek(source, 0, SEEK_SET);
    CALL(sendfile(target, source, NULL, 3000));
    off_t offset = 4000;
    CALL(sendfile(target, source, &offset, 3000));
    SHOW("offset", "%ld", (long)offset);
    CALL(copy_file_range(source, NULL, target, NULL, 10000, 0));
    int pipes[2]; pipe(pipes);
    CALL(splice(source, &(off_t){ 0 }, pipes[1], NULL, 1000, 0));
    CALL(splice(pipes[0], NULL, target, NULL, 5000, 0));
    struct stat status; fstat(target, &status);
    SHOW("copied", "%ld", (long)status.st_size);
    int count; 
    write(pipes[1], "abc", 3);
    CALL(ioctl(pipes[0], FIONREAD, &count));
    SHOW("available", "%d", count);
    CALL(fcntl(pipes[0], F_GETPIPE_SZ));
    CALL(fcntl(pipes[0], F_SETPIPE_SZ, 10000));
    CALL(ioctl(source, 0x1234, 0));
    CALL(posix_fallocate(target, 0, 20000));
    struct rlimit limit = { 10, 10 };
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    int opened = 0; while (open("data2", O_RDONLY) >= 0) opened++;
    SHOW("limit", "%s", strerrorname_np(errno));
    int memory = -1;
    close(3); memory = memfd_create("memory", 0);
    CALL(memory);
    CALL(ftruncate(memory, 4096));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    strcpy(map, "through");
    char back[8];
    CALL(pread(memory, back, 8, 0));
    SHOW("back", "%s", back);
}

int main(void) {
    mkdir("files-test", 0755); chdir("files-test");
    basics(); names(); locks(); moves();
    END();
}
