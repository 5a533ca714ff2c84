/* Who polls /proc/PID/mountinfo or mounts hears of changes: POLLERR and POLLPRI, once each. */
#include "mounts.h"
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>

static int information, table, other_table;

static void look(const char *what) {
    struct pollfd files[] = { { information, POLLIN | POLLPRI, 0 }, { table, POLLPRI, 0 }, { other_table, POLLPRI, 0 } };
    int count = poll(files, 3, 0);
    SHOW(what, "%d %x %x %x", count, files[0].revents, files[1].revents, files[2].revents);
}

/* Sleeps until something has happened; says what was found. */
static void await(const char *what) {
    struct pollfd file = { table, POLLPRI, 0 };
    int count = poll(&file, 1, 20000);
    SHOW(what, "%d %x", count, file.revents);
}

static void changes(void) {
    look("at first");
    dirs("a b c");
    look("a directory");
    tmpfs("a");
    look("mounted");
    look("again");
    dirs("a/in");
    bind("a", "b");
    look("bound");
    mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL);
    look("restricted");
    mount(NULL, "a", NULL, MS_REMOUNT, "size=1m");
    look("remounted");
    make("a", MS_SHARED);
    look("shared");
    make("a", MS_PRIVATE);
    look("private");
    move("b", "c");
    look("moved");
    umount("c");
    look("unmounted");
    CALL(umount("c"));
    look("not unmounted");
    umount2("a", MNT_DETACH);
    look("lazily");
    int tree = syscall(SYS_open_tree, AT_FDCWD, ".", 1);
    look("a tree of nobody's");
    CALL(syscall(SYS_move_mount, tree, "", AT_FDCWD, "a", 4));
    look("attached");
    struct { uint64_t set, clear, propagation, user; } attributes = { 2, 0, 0, 0 };
    CALL(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &attributes, sizeof attributes));
    look("attributes");
    CALL(close(tree));
    CALL(umount("a"));
    look("gone");
    mount("x", "nosuch", "tmpfs", 0, NULL);
    look("failed");
}

int main(void) {
    playground();
    struct other other = begin_other();
    char file[64];
    sprintf(file, "/proc/%d/mounts", (int)other.pid);
    information = open("/proc/self/mountinfo", O_RDONLY);
    table = open("/proc/mounts", O_RDONLY);
    other_table = open(file, O_RDONLY);
    changes();
    puts("a shared place");
    CALL(make(".", MS_SHARED));
    struct other peer = begin_other();
    sprintf(file, "/proc/%d/mounts", (int)peer.pid);
    close(other_table);
    other_table = open(file, O_RDONLY);
    look("at first");
    tmpfs("a");
    look("both");
    show_other("there", &peer);
    umount("a");
    look("both again");
    end_other(&peer);
    end_other(&other);
    look("the other has ended");
    make(".", MS_PRIVATE);
    look("private");
    puts("waiting");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        tmpfs("a");
        _exit(0);
    }
    await("mounted by a child");
    waitpid(child, NULL, 0);
    int set = epoll_create1(0);
    struct epoll_event event = { EPOLLPRI, { 0 } }, found[4];
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, table, &event));
    CALL(epoll_wait(set, found, 4, 0));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        umount("a");
        _exit(0);
    }
    int count = epoll_wait(set, found, 4, 20000);
    SHOW("epoll", "%d %x", count, found[0].events);
    waitpid(child, NULL, 0);
    CALL(epoll_wait(set, found, 4, 0));
    int plain = open("/proc/self/stat", O_RDONLY);
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, plain, &event));
    event.events = EPOLLIN | EPOLLPRI;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, table, &event));
    count = epoll_wait(set, found, 4, 0);
    SHOW("always readable", "%d %x", count, found[0].events);
    END();
}
