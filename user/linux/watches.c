/* inotify: which events come, in which order, with which names. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>

static int queue;
static unsigned cookie;

/* Prints what has happened since the last time; cookies by whether they are the one before. */
static void heard(const char *what) {
    static const struct { unsigned bit; const char *name; } names[] = {
        { IN_ACCESS, "access" }, { IN_MODIFY, "modify" }, { IN_ATTRIB, "attrib" }, { IN_CLOSE_WRITE, "close-write" },
        { IN_CLOSE_NOWRITE, "close" }, { IN_OPEN, "open" }, { IN_MOVED_FROM, "from" }, { IN_MOVED_TO, "to" },
        { IN_CREATE, "create" }, { IN_DELETE, "delete" }, { IN_DELETE_SELF, "delete-self" },
        { IN_MOVE_SELF, "move-self" }, { IN_UNMOUNT, "unmount" }, { IN_Q_OVERFLOW, "overflow" },
        { IN_IGNORED, "ignored" }, { IN_ISDIR, "dir" },
    };
    char bytes[8192] __attribute__((aligned(8)));
    int waiting = -1;
    ioctl(queue, FIONREAD, &waiting);
    long count = waiting ? read(queue, bytes, sizeof bytes) : 0;
    printf("%s:%s\n", what, waiting == count ? "" : " FIONREAD differs");
    for (long at = 0; at < count;) {
        struct inotify_event *event = (struct inotify_event *)(bytes + at);
        printf("    %d", event->wd);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (event->mask & names[i].bit) printf(" %s", names[i].name);
        if (event->cookie) printf(event->cookie == cookie ? " same-cookie" : " cookie");
        cookie = event->cookie;
        printf(" %u %s\n", event->len, event->len ? event->name : "-");
        at += sizeof *event + event->len;
    }
    fflush(stdout);
}

static void touch(const char *name) { close(open(name, O_WRONLY | O_CREAT, 0644)); }

int main(void) {
    char bytes[4096] = "";
    struct stat status;
    CALL(inotify_init1(1));
    queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CALL(fcntl(queue, F_GETFD));
    CALL(read(queue, bytes, sizeof bytes));
    fstat(queue, &status);
    SHOW("mode", "%o", status.st_mode & 0777);
    mkdir("d", 0755);
    CALL(inotify_add_watch(queue, "d", 0));
    CALL(inotify_add_watch(queue, "nothing", IN_OPEN));
    CALL(inotify_add_watch(0, "d", IN_OPEN));
    CALL(inotify_add_watch(99, "d", IN_OPEN));
    CALL(inotify_add_watch(queue, "d", IN_ALL_EVENTS));
    CALL(inotify_add_watch(queue, "d", IN_ALL_EVENTS | IN_MASK_CREATE));
    CALL(inotify_add_watch(queue, "d", IN_ALL_EVENTS | IN_MASK_CREATE | IN_MASK_ADD));
    CALL(inotify_rm_watch(queue, 7));
    heard("nothing yet");

    int file = open("d/file", O_RDWR | O_CREAT, 0644);
    heard("made");
    CALL(inotify_add_watch(queue, "d/file", IN_ALL_EVENTS));
    write(file, "hello", 5);
    write(file, "hello", 5);
    pread(file, bytes, 5, 0);
    read(file, bytes, 5);
    write(file, "", 0);
    heard("written and read");
    ftruncate(file, 3);
    truncate("d/file", 9);
    fallocate(file, 0, 0, 100);
    fchmod(file, 0600);
    chown("d/file", 0, 0);
    heard("changed");
    futimens(file, 0);
    struct timespec access[2] = { { 1, 0 }, { 0, UTIME_OMIT } }, modify[2] = { { 0, UTIME_OMIT }, { 1, 0 } };
    futimens(file, access);
    futimens(file, modify);
    heard("times");
    close(open("d/file", O_WRONLY | O_TRUNC));
    close(open("d/file", O_PATH));
    heard("cut while opened");
    int out = open("d/out", O_RDWR | O_CREAT, 0644);
    write(file, "abc", 3);
    lseek(file, 0, SEEK_SET);
    heard("another");
    sendfile(out, file, 0, 3);
    heard("sent");
    loff_t from = 0, to = 10;
    copy_file_range(file, &from, out, &to, 3, 0);
    heard("copied");
    int ends[2];
    pipe(ends);
    from = to = 0;
    splice(file, &from, ends[1], 0, 3, 0);
    splice(ends[0], 0, out, &to, 3, 0);
    heard("spliced");
    close(out);
    setxattr("d/file", "user.a", "b", 1, 0);
    removexattr("d/file", "user.a");
    heard("extended attributes");
    link("d/file", "d/other");
    heard("linked");
    rename("d/other", "d/third");
    heard("renamed");
    rename("d/third", "d/out");
    heard("replaced");
    rename("d/out", "out");
    rename("out", "d/back");
    heard("out and in");
    renameat2(AT_FDCWD, "d/file", AT_FDCWD, "d/back", RENAME_EXCHANGE);
    heard("exchanged");
    unlink("d/back");
    heard("one name less");
    unlink("d/file");
    heard("no name");
    write(file, "x", 1);
    heard("written without a name");
    close(file);
    heard("gone");

    mkdir("d/sub", 0755);
    CALL(inotify_add_watch(queue, "d/sub", IN_ALL_EVENTS | IN_ONLYDIR));
    close(open("d/sub", O_RDONLY | O_DIRECTORY));
    heard("directory opened");
    int directory = open("d", O_RDONLY | O_DIRECTORY);
    while (syscall(61, directory, bytes, sizeof bytes) > 0);
    close(directory);
    heard("directory read");
    touch("d/sub/a");
    rename("d/sub/a", "d/a");
    heard("between directories");
    rename("d/sub", "d/bus");
    heard("directory renamed");
    rmdir("d/bus");
    heard("directory gone");
    symlink("a", "d/link");
    mknod("d/fifo", S_IFIFO | 0600, 0);
    heard("link and fifo");
    CALL(inotify_add_watch(queue, "d/link", IN_ALL_EVENTS | IN_DONT_FOLLOW));
    CALL(inotify_add_watch(queue, "d/link", IN_OPEN | IN_ONESHOT));
    CALL(inotify_add_watch(queue, "d/link", IN_OPEN | IN_ONLYDIR));
    touch("d/link");
    touch("d/link");
    heard("one shot");
    readlink("d/link", bytes, sizeof bytes);
    unlink("d/link");
    heard("link gone");

    CALL(inotify_add_watch(queue, "d", IN_MODIFY | IN_EXCL_UNLINK));
    file = open("d/a", O_RDWR);
    write(file, "1", 1);
    unlink("d/a");
    write(file, "2", 1);
    close(file);
    heard("excluded");
    CALL(inotify_add_watch(queue, "d", IN_CREATE | IN_MASK_ADD));
    file = open("d/b", O_RDWR | O_CREAT, 0600);
    write(file, "1", 1);
    struct pollfd poll_one = { queue, POLLIN | POLLOUT, 0 };
    CALL(poll(&poll_one, 1, 0));
    SHOW("ready", "%x", poll_one.revents);
    CALL(read(queue, bytes, 10));
    CALL(read(queue, bytes, 40));
    CALL(read(queue, bytes, 40));
    CALL(read(queue, bytes, 40));
    CALL(poll(&poll_one, 1, 0));
    CALL(write(queue, bytes, 40));
    CALL(lseek(queue, 0, SEEK_SET));
    CALL(inotify_rm_watch(queue, 1));
    heard("removed");
    CALL(inotify_rm_watch(queue, 1));
    touch("d/c");
    heard("after that");

    mkdir("m", 0755);
    CALL(mount("x", "m", "tmpfs", 0, 0));
    CALL(inotify_add_watch(queue, "m", IN_ALL_EVENTS));
    touch("m/f");
    CALL(inotify_add_watch(queue, "m/f", IN_OPEN));
    heard("mounted");
    CALL(umount2("m", 0));
    heard("unmounted");

    CALL(inotify_add_watch(queue, "d", IN_CREATE | IN_DELETE));
    for (int i = 0; i < 9000; i++) {
        touch("d/many");
        unlink("d/many");
    }
    long records = 0, overflows = 0, last = 0;
    for (long count; (count = read(queue, bytes, sizeof bytes)) > 0;)
        for (long at = 0; at < count;) {
            struct inotify_event *event = (struct inotify_event *)(bytes + at);
            records++;
            last = event->mask;
            overflows += event->mask == IN_Q_OVERFLOW && event->wd == -1;
            at += sizeof *event + event->len;
        }
    SHOW("overflow", "%ld %ld %lx", records, overflows, last);
    setuid(1000);
    int made = 0;
    while (inotify_init() >= 0) made++;
    SHOW("queues", "%d %s", made, strerrorname_np(errno));
    chmod("d", 0);
    CALL(inotify_add_watch(queue, "/root", IN_OPEN));
    END();
}
