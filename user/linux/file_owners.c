/* Who is told of a file by a signal: owners, signals of one's choice, O_ASYNC, changes in directories. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static sigset_t set;

/* Takes all signals that wait, and says what they tell. */
static void told(const char *of, int expected) {
    siginfo_t info;
    struct timespec none = {0, 0};
    int signal;
    printf("%s:", of);
    while ((signal = sigtimedwait(&set, &info, &none)) > 0) {
        if (signal == SIGIO && info.si_code == SI_KERNEL)
            printf(" plain");
        else if (signal == SIGCHLD && info.si_code > 0)
            printf(" child");
        else
            printf(" [%s code %d band %lx %s]", signal == SIGIO ? "SIGIO" : signal == SIGCHLD ? "SIGCHLD" : "chosen",
                   info.si_code, (long)info.si_band, info.si_fd == expected ? "right" : "wrong");
    }
    printf("\n");
    fflush(stdout);
}

static void numbers(int file) {
    struct f_owner_ex owner = {9, 9};
    pid_t own = getpid();
    CALL(fcntl(file, F_GETOWN));
    CALL(fcntl(file, F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_TID && owner.pid == 0);
    CALL(fcntl(file, F_SETOWN, own));
    CHECK(fcntl(file, F_GETOWN) == own);
    CALL(fcntl(file, F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_PID && owner.pid == own);
    CALL(fcntl(file, F_SETOWN, -getpgrp()));
    CALL(fcntl(file, F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_PGRP && owner.pid == getpgrp());
    owner.type = F_OWNER_TID, owner.pid = syscall(SYS_gettid);
    CALL(fcntl(file, F_SETOWN_EX, &owner));
    CALL(fcntl(file, F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_TID && owner.pid == own);
    owner.type = 3;
    CALL(fcntl(file, F_SETOWN_EX, &owner));
    CALL(fcntl(file, F_SETOWN_EX, (void *)1));
    CALL(fcntl(file, F_GETOWN_EX, (void *)1));
    CALL(fcntl(file, F_SETOWN, 4000000));
    CALL(fcntl(file, F_SETOWN, (int)0x80000000));
    CALL(fcntl(file, F_SETOWN, 0));
    CALL(fcntl(file, F_GETOWN));
    CALL(fcntl(file, F_GETSIG));
    CALL(fcntl(file, F_SETSIG, 65));
    CALL(fcntl(file, F_SETSIG, SIGUSR1));
    CHECK(fcntl(file, F_GETSIG) == SIGUSR1);
    CALL(fcntl(file, F_SETSIG, 0));
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    CALL(fcntl(file, F_SETOWN, child));
    CHECK(fcntl(file, F_GETOWN) == child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CALL(fcntl(file, F_GETOWN));
    CALL(fcntl(file, F_SETOWN, 0));
    int place = open(".", O_PATH);
    CALL(fcntl(place, F_SETOWN, own));
    CALL(fcntl(place, F_GETSIG));
    close(place);
}

static void pipes(void) {
    int ends[2];
    char bytes[64];
    CALL(pipe(ends));
    numbers(ends[0]);
    CALL(fcntl(ends[0], F_SETFL, O_ASYNC));
    CHECK(fcntl(ends[0], F_GETFL) & O_ASYNC);
    CALL(write(ends[1], "a", 1));
    told("without an owner", ends[0]);
    CALL(fcntl(ends[0], F_SETOWN, getpid()));
    CALL(write(ends[1], "b", 1));
    told("written", ends[0]);
    CALL(fcntl(ends[0], F_SETSIG, SIGRTMIN));
    CALL(write(ends[1], "c", 1));
    CALL(write(ends[1], "d", 1));
    told("written twice", ends[0]);
    CALL(fcntl(ends[0], F_SETSIG, SIGCHLD));
    CALL(write(ends[1], "e", 1));
    told("with a signal of another use", ends[0]);
    CALL(fcntl(ends[0], F_SETSIG, SIGIO));
    int copy = dup(ends[0]);
    CALL(write(ends[1], "f", 1));
    told("through a copy", ends[0]);
    close(copy);
    CALL(read(ends[0], bytes, 1));
    told("read", ends[0]);
    CALL(fcntl(ends[0], F_SETFL, 0));
    CALL(write(ends[1], "g", 1));
    told("turned off", ends[0]);
    int on = 1;
    CALL(ioctl(ends[0], FIOASYNC, &on));
    CHECK(fcntl(ends[0], F_GETFL) & O_ASYNC);
    close(ends[1]);
    told("the end", ends[0]);
    close(ends[0]);
    CALL(pipe(ends));
    CALL(fcntl(ends[1], F_SETOWN, getpid()));
    CALL(fcntl(ends[1], F_SETSIG, SIGRTMIN));
    CALL(fcntl(ends[1], F_SETFL, O_ASYNC | O_NONBLOCK));
    told("room from the start", ends[1]);
    static char much[65536];
    CALL(write(ends[1], much, sizeof much));
    told("filled", ends[1]);
    CALL(read(ends[0], much, sizeof much));
    told("emptied", ends[1]);
    close(ends[0]), close(ends[1]);
}

static void sockets(void) {
    int pair[2];
    char byte;
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(fcntl(pair[0], F_SETOWN, getpid()));
    CALL(fcntl(pair[0], F_SETFL, O_ASYNC));
    CALL(write(pair[1], "x", 1));
    told("a stream", pair[0]);
    CALL(read(pair[0], &byte, 1));
    CALL(close(pair[1]));
    told("its end", pair[0]);
    close(pair[0]);
    CALL(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CALL(fcntl(pair[0], F_SETOWN, getpid()));
    CALL(fcntl(pair[0], F_SETSIG, SIGRTMIN));
    CALL(fcntl(pair[0], F_SETFL, O_ASYNC));
    CALL(write(pair[1], "x", 1));
    told("a message", pair[0]);
    close(pair[0]), close(pair[1]);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "s"};
    int listening = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(bind(listening, (void *)&name, sizeof name));
    CALL(listen(listening, 1));
    CALL(fcntl(listening, F_SETOWN, getpid()));
    CALL(fcntl(listening, F_SETFL, O_ASYNC));
    CALL(connect(other, (void *)&name, sizeof name));
    told("a connection", listening);
    close(listening), close(other);
}

static void terminals(void) {
    char name[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master), unlockpt(master);
    ptsname_r(master, name, sizeof name);
    int slave = open(name, O_RDWR | O_NOCTTY);
    CALL(fcntl(slave, F_SETOWN, getpid()));
    CALL(fcntl(slave, F_SETFL, O_ASYNC));
    CALL(write(master, "line\n", 5));
    struct pollfd arrives = {slave, POLLIN, 0};
    poll(&arrives, 1, -1);
    told("a line", slave);
    close(slave), close(master);
}

static void groups(void) {
    int ends[2], ready[2];
    char byte;
    CALL(pipe(ends));
    CALL(pipe(ready));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        write(ready[1], "x", 1);
        int signal;
        sigwait(&set, &signal);
        _exit(signal == SIGIO ? 7 : 8);
    }
    read(ready[0], &byte, 1);
    int status;
    CALL(fcntl(ends[0], F_SETOWN, -child) );
    CALL(fcntl(ends[0], F_SETFL, O_ASYNC));
    CALL(write(ends[1], "x", 1));
    waitpid(child, &status, 0);
    SHOW("another group", "%d", WEXITSTATUS(status));
    told("not this one", ends[0]);
    close(ends[0]), close(ends[1]), close(ready[0]), close(ready[1]);
}

static void directories(void) {
    mkdir("d", 0700);
    mkdir("d/e", 0700);
    int file = open("d/f", O_CREAT | O_RDWR, 0600), directory = open("d", O_RDONLY);
    CALL(fcntl(file, F_NOTIFY, DN_CREATE));
    CALL(fcntl(directory, F_SETSIG, SIGRTMIN));
    CALL(fcntl(directory, F_NOTIFY, DN_CREATE));
    CHECK(fcntl(directory, F_GETOWN) == getpid());
    close(open("d/g", O_CREAT | O_RDWR, 0600));
    told("made", directory);
    close(open("d/h", O_CREAT | O_RDWR, 0600));
    told("only once", directory);
    CALL(fcntl(directory, F_NOTIFY, DN_RENAME | DN_ATTRIB | DN_MULTISHOT));
    rename("d/g", "d/i");
    told("moved within", directory);
    rename("d/i", "g");
    told("moved out", directory);
    rename("g", "d/g");
    told("moved in", directory);
    chmod("d/g", 0640);
    chmod("d", 0750);
    told("modes", directory);
    CALL(fcntl(directory, F_NOTIFY, DN_MODIFY | DN_DELETE | DN_MULTISHOT));
    write(file, "x", 1);
    unlink("d/h");
    chmod("d/g", 0600);
    told("written, taken away, mode", directory);
    CALL(fcntl(directory, F_NOTIFY, 0));
    chmod("d/g", 0640);
    told("no more", directory);
    CALL(fcntl(directory, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT));
    int copy = dup(directory);
    close(copy);
    chmod("d/g", 0600);
    told("a copy was closed", directory);
    close(directory), close(file);
}

int main(void) {
    /* A group of its own, which it sees whoever started it. */
    setpgid(0, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pipes();
    /* The child of numbers() was one more. */
    told("left", -1);
    sockets();
    terminals();
    groups();
    told("left", -1);
    directories();
    END();
}
