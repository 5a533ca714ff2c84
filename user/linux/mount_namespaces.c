/* Mount namespaces: unshare, clone, setns, their files and what is asked of them. */
#include "mounts.h"
#include <sys/ioctl.h>

#define GET_USERS _IO(0xb7, 1)
#define GET_PARENT _IO(0xb7, 2)
#define GET_TYPE _IO(0xb7, 3)
#define GET_OWNER _IO(0xb7, 4)

static ino_t number(const char *file) {
    struct stat status;
    return stat(file, &status) ? 0 : status.st_ino;
}

static void files(void) {
    char text[64], expected[64];
    ssize_t length = readlink("/proc/self/ns/mnt", text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    sprintf(expected, "mnt:[%lu]", (unsigned long)number("/proc/self/ns/mnt"));
    CHECK(!strcmp(text, expected));
    struct stat status;
    CALL(stat("/proc/self/ns/mnt", &status));
    SHOW("mode", "%o", status.st_mode);
    CALL(lstat("/proc/self/ns/mnt", &status));
    SHOW("of the link", "%o", status.st_mode);
    int file = open("/proc/self/ns/mnt", O_RDONLY);
    OK(file);
    CALL(ioctl(file, GET_TYPE));
    CALL(ioctl(file, GET_PARENT));
    CALL(ioctl(file, GET_OWNER));
    CALL(ioctl(file, _IO(0xb7, 99)));
    CALL(ioctl(0, GET_TYPE));
    char byte;
    CALL(read(file, &byte, 1));
    CALL(open("/proc/self/ns/mnt/x", O_RDONLY));
    CALL(setns(file, 1));
    CALL(setns(file, CLONE_NEWNET));
    CALL(setns(-1, 0));
    int other = open("/", O_RDONLY);
    CALL(setns(other, 0));
    CALL(setns(other, CLONE_NEWNS));
    CALL(setns(file, CLONE_NEWNS));
    close(other);
    close(file);
}

static int in_own(void *unused) {
    (void)unused;
    CALL(tmpfs("c"));
    close(open("c/theirs", O_CREAT | O_RDWR, 0600));
    CALL(access("c/theirs", F_OK));
    return 0;
}

int main(void) {
    playground();
    files();
    dirs("a b c");
    ino_t before = number("/proc/self/ns/mnt");
    int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    CALL(unshare(CLONE_NEWNS));
    CHECK(number("/proc/self/ns/mnt") != before);
    CALL(tmpfs("a"));
    close(open("a/here", O_CREAT | O_RDWR, 0600));
    CALL(chdir("a"));
    int inner = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    CALL(setns(home, CLONE_NEWNS));
    CHECK(number("/proc/self/ns/mnt") == before);
    char text[PATH_MAX];
    CALL(getcwd(text, sizeof text) != NULL);
    SHOW("directory", "%s", text);
    CALL(chdir(base));
    CALL(access("a/here", F_OK));
    CALL(setns(inner, 0));
    CALL(chdir(base));
    CALL(access("a/here", F_OK));
    CALL(setns(home, 0));
    CALL(chdir(base));

    puts("clone");
    static char stack[65536];
    fflush(stdout);
    pid_t child = clone(in_own, stack + sizeof stack, CLONE_NEWNS | SIGCHLD, NULL);
    int status;
    waitpid(child, &status, 0);
    CALL(access("c/theirs", F_OK));
    CALL(clone(in_own, stack + sizeof stack, CLONE_NEWNS | CLONE_FS | SIGCHLD, NULL));

    puts("by a descriptor of a process");
    struct other other = begin_other();
    int descriptor = syscall(SYS_pidfd_open, other.pid, 0);
    char name[64];
    sprintf(name, "/proc/%d/ns/mnt", (int)other.pid);
    ino_t theirs = number(name);
    CHECK(theirs != before);
    CALL(setns(descriptor, 0));
    CALL(setns(descriptor, CLONE_NEWNS));
    CHECK(number("/proc/self/ns/mnt") == theirs);
    CALL(setns(home, CLONE_NEWNS));
    end_other(&other);
    CALL(setns(descriptor, CLONE_NEWNS));

    puts("a shared place");
    CALL(chdir(base));
    fflush(stdout);
    child = vfork();
    if (child == 0) _exit(0);
    waitpid(child, &status, 0);
    CALL(setns(inner, CLONE_NEWNS));
    CALL(setns(home, CLONE_NEWNS));

    puts("places of one namespace are no places of another");
    CALL(chdir(base));
    int place = open("b", O_PATH);
    CALL(unshare(CLONE_NEWNS));
    char through[64];
    sprintf(through, "/proc/self/fd/%d", place);
    CALL(mount("x", through, "tmpfs", 0, NULL));
    CALL(mount("b", through, NULL, MS_BIND, NULL));
    CALL(mount(through, "b", NULL, MS_BIND, NULL));
    CALL(umount2(through, MNT_DETACH));

    puts("an ordinary user");
    CALL(setuid(1000));
    CALL(setns(home, CLONE_NEWNS));
    END();
}
