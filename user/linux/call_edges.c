/* Which of two errors comes first, and calls at descriptors that they are not made for. */
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void places(void) {
    int place = open("f", O_PATH);
    CALL(fchown(place, 1, 1));
    CALL(fchmod(place, 0600));
    CALL(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, place, 0) == MAP_FAILED ? -1 : 0);
    close(place);
}

static void pipes(void) {
    int ends[2];
    char byte = 'x';
    struct iovec vector = {&byte, 1};
    CALL(pipe(ends));
    CALL(pwrite(ends[0], &byte, 1, 0));
    CALL(pread(ends[1], &byte, 1, 0));
    CALL(pwritev(ends[0], &vector, 1, 0));
    CALL(preadv(ends[1], &vector, 1, 0));
    CALL(pwritev2(ends[0], &vector, 1, 0, 0));
    CALL(pwritev2(ends[0], &vector, 1, -1, 0));
    CALL(preadv2(ends[1], &vector, 1, 0, 0));
    close(ends[0]);
    close(ends[1]);
    int write_only = open("f", O_WRONLY);
    CALL(pread(write_only, &byte, 1, 0));
    close(write_only);
}

static void owners(void) {
    struct stat status;
    mkfifo("fifo", 0600);
    mknod("node", S_IFCHR | 0600, 0x103);
    const char *names[] = {"f", "fifo", "node", "d"};
    for (int index = 0; index < 4; index++) {
        chmod(names[index], 06555);
        CALL(chown(names[index], 1000, 1000));
        stat(names[index], &status);
        SHOW(names[index], "%o", status.st_mode & 07777);
    }
    chmod("d", 0700);
    chown("d", 0, 0);
}

static int close_own(void *descriptor) {
    CALL(close_range(*(int *)descriptor, *(int *)descriptor, CLOSE_RANGE_UNSHARE));
    CALL(fcntl(*(int *)descriptor, F_GETFD));
    _exit(0);
}

int main(void) {
    static char stack[65536];
    mkdir("d", 0700);
    close(open("f", O_CREAT | O_RDWR, 0644));
    places();
    pipes();
    owners();

    struct { unsigned long long flags, mode, resolve; } how = {0};
    CALL(syscall(SYS_openat2, AT_FDCWD, "f", &how, 0));
    CALL(syscall(SYS_openat2, AT_FDCWD, "f", &how, 16));
    CALL(syscall(SYS_openat2, AT_FDCWD, "nothing", &how, 24));

    int shared = open("f", O_RDONLY);
    waitpid(clone(close_own, stack + sizeof stack, CLONE_FILES | SIGCHLD, &shared), NULL, 0);
    CALL(fcntl(shared, F_GETFD));

    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(1000));
        CALL(chroot("d"));
        CALL(chroot("/"));
        _exit(0);
    }
    wait(NULL);

    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open("f", O_RDONLY));
    snprintf(path, sizeof path, "/proc/self/fd/%d", open(path, O_PATH | O_NOFOLLOW));
    errno = 0;
    int mounted = mount("f", path, "", MS_BIND, 0);
    SHOW("mount on a descriptor's link", "%d %s", mounted, strerrorname_np(errno));
    END();
}
