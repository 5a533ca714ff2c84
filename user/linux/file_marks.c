/* Marks of files: what nobody may change, what only grows. It wants ext2, on which a line of disk.lines runs it. */
#include "marks.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static void tell(const char *path) {
    struct statx status;
    int file = open(path, O_RDONLY), marks = 0;
    CALL(ioctl(file, FS_IOC_GETFLAGS, &marks));
    close(file);
    statx(AT_FDCWD, path, 0, 0, &status);
    SHOW(path, "%x %llx", marks & marked, (unsigned long long)(status.stx_attributes & marked));
}

/* What cannot be opened without waiting for somebody. */
static void shown(const char *path) {
    struct statx status;
    statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &status);
    SHOW(path, "%llx", (unsigned long long)(status.stx_attributes & marked));
}

static void file(int marks) {
    struct timeval times[2] = {{1, 0}, {2, 0}};
    SHOW("a file marked", "%x", marks);
    mark("f", 0);
    unlink("f"), unlink("l"), unlink("g");
    int old = open("f", O_CREAT | O_RDWR, 0644);
    CALL(write(old, "before", 6));
    CALL(mark("f", marks));
    tell("f");
    CALL(write(old, "x", 1));
    CALL(pwrite(old, "x", 1, 0));
    CALL(ftruncate(old, 2));
    CALL(fallocate(old, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
    OK(open("f", O_RDONLY));
    OK(open("f", O_WRONLY));
    OK(open("f", O_RDWR | O_APPEND));
    OK(open("f", O_WRONLY | O_APPEND | O_TRUNC));
    OK(open("f", O_RDONLY | O_TRUNC));
    CALL(truncate("f", 1));
    CALL(access("f", W_OK));
    CALL(chmod("f", 0600));
    CALL(chown("f", 1, 1));
    CALL(utimes("f", times));
    CALL(utimes("f", NULL));
    CALL(setxattr("f", "user.a", "b", 1, 0));
    CALL(link("f", "l"));
    CALL(rename("f", "g"));
    CALL(unlink("f"));
    close(old);
    /* Whoever may only append does not get around it. */
    int grows = open("f", O_RDWR | O_APPEND);
    if (grows >= 0) {
        struct iovec one = {"y", 1};
        CALL(fcntl(grows, F_SETFL, O_NONBLOCK | O_APPEND));
        CALL(fcntl(grows, F_SETFL, 0));
        SHOW("flags", "%x", fcntl(grows, F_GETFL) & (O_APPEND | O_NONBLOCK));
        CALL(fcntl(grows, F_SETFL, O_APPEND));
        CALL(pwritev2(grows, &one, 1, 0, RWF_NOAPPEND));
        CALL(pwritev2(grows, &one, 1, 0, 0));
        for (int sharing = MAP_SHARED; sharing <= MAP_PRIVATE; sharing++) {
            void *start = mmap(NULL, 4096, PROT_READ, sharing, grows, 0);
            SHOW("mapped", "%d %s", start != MAP_FAILED, start == MAP_FAILED ? strerrorname_np(errno) : "");
            if (start != MAP_FAILED)
                munmap(start, 4096);
        }
        close(grows);
    }
}

static void directory(int marks) {
    SHOW("a directory marked", "%x", marks);
    mkdir("d", 0755);
    close(open("d/f", O_CREAT | O_RDWR, 0644));
    CALL(mark("d", marks));
    tell("d");
    OK(open("d/f", O_RDWR));
    OK(open("d/new", O_CREAT | O_RDWR, 0644));
    CALL(mkdir("d/e", 0755));
    CALL(symlink("x", "d/s"));
    CALL(unlink("d/f"));
    CALL(rename("d/f", "d/h"));
    CALL(rename("d/f", "o"));
    CALL(rmdir("d"));
    CALL(chmod("d", 0700));
    CALL(mark("d", 0));
    CALL(system("rm -rf d o"));
}

/* The same in other bits. */
static void attributes(const char *path, unsigned flags, unsigned project) {
    struct fsxattr wanted = {.fsx_xflags = flags, .fsx_projid = project};
    int file = open(path, O_RDONLY | O_NONBLOCK), marks = -1;
    SHOW(path, "%x %u", flags, project);
    CALL(ioctl(file, FS_IOC_FSSETXATTR, &wanted));
    memset(&wanted, 0x55, sizeof(wanted));
    CALL(ioctl(file, FS_IOC_FSGETXATTR, &wanted));
    ioctl(file, FS_IOC_GETFLAGS, &marks);
    SHOW("is", "%x: %x %u %u %u %u", marks & marked, wanted.fsx_xflags, wanted.fsx_extsize, wanted.fsx_nextents,
         wanted.fsx_projid, wanted.fsx_cowextsize);
    close(file);
}

static void all_attributes(void) {
    /* Bits that nobody keeps are left out: ext4's driver, which Debian mounts ext2 with, passes over them in silence. */
    const unsigned each[] = {FS_XFLAG_IMMUTABLE, FS_XFLAG_APPEND, FS_XFLAG_NODUMP, 0,
                             FS_XFLAG_EXTSIZE, FS_XFLAG_EXTSZINHERIT, FS_XFLAG_COWEXTSIZE};
    const char *paths[] = {"x", "y"};
    close(open("x", O_CREAT | O_RDWR, 0644));
    mkdir("y", 0755);
    for (int which = 0; which < 2; which++) {
        for (unsigned at = 0; at < sizeof(each) / sizeof(*each); at++)
            attributes(paths[which], each[at], 0);
        attributes(paths[which], FS_XFLAG_IMMUTABLE | FS_XFLAG_APPEND | FS_XFLAG_NODUMP, 0);
        attributes(paths[which], 0, 0);
        attributes(paths[which], 0, 7);
    }
    int file = open("x", O_RDONLY), ends[2];
    CALL(ioctl(file, FS_IOC_FSGETXATTR, (void *)1));
    CALL(ioctl(file, FS_IOC_FSSETXATTR, (void *)1));
    close(file);
    CALL(pipe(ends));
    struct fsxattr record = {0};
    CALL(ioctl(ends[0], FS_IOC_FSGETXATTR, &record));
    CALL(ioctl(ends[0], FS_IOC_FSSETXATTR, &record));
    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(1000));
        attributes("x", FS_XFLAG_NODUMP, 0);
        attributes("x", FS_XFLAG_REALTIME, 0);
        attributes("own", FS_XFLAG_NODUMP, 0);
        attributes("own", FS_XFLAG_IMMUTABLE, 0);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void) {
    struct statfs here;
    if (statfs(".", &here) || here.f_type != 0xef53)
        END();
    file(FS_IMMUTABLE_FL);
    file(FS_APPEND_FL);
    file(FS_NODUMP_FL);
    mark("f", 0);
    unlink("f"), unlink("g");
    directory(FS_IMMUTABLE_FL);
    directory(FS_APPEND_FL);
    mkdir("d", 0755);
    mark("d", FS_NODUMP_FL);
    close(open("d/f", O_CREAT | O_RDWR, 0644));
    mkdir("d/e", 0755);
    tell("d/f"), tell("d/e");
    mark("d", FS_COMPR_FL | FS_NODUMP_FL);
    close(open("d/g", O_CREAT | O_RDWR, 0644));
    symlink("x", "d/h");
    mknod("d/i", S_IFIFO | 0644, 0);
    tell("d"), tell("d/g");
    shown("d/h"), shown("d/i");
    attributes("d", FS_XFLAG_NODUMP, 0);
    tell("d");
    int ends[2], marks;
    CALL(pipe(ends));
    CALL(ioctl(ends[0], FS_IOC_GETFLAGS, &marks));
    /* What is neither a file nor a directory has none, though it lies on the same disk. */
    const char *others[] = {"fifo", "null"};
    CALL(mkfifo("fifo", 0644));
    CALL(mknod("null", S_IFCHR | 0644, makedev(1, 3)));
    for (int i = 0; i < 2; i++) {
        struct fsxattr record = {0};
        int other = open(others[i], O_RDONLY | O_NONBLOCK);
        marks = FS_NODUMP_FL;
        CALL(ioctl(other, FS_IOC_SETFLAGS, &marks));
        CALL(ioctl(other, FS_IOC_GETFLAGS, &marks));
        CALL(ioctl(other, FS_IOC_FSGETXATTR, &record));
        CALL(ioctl(other, FS_IOC_FSSETXATTR, &record));
        close(other);
    }
    int own = open("own", O_CREAT | O_RDWR, 0644);
    CALL(fchown(own, 1000, 1000));
    CALL(ioctl(own, FS_IOC_GETFLAGS, (void *)1));
    CALL(ioctl(own, FS_IOC_SETFLAGS, (void *)1));
    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(1000));
        CALL(mark("own", FS_NODUMP_FL));
        CALL(mark("own", FS_IMMUTABLE_FL));
        CALL(mark("d", 0));
        tell("own");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    all_attributes();
    END();
}
