/* Leases: who may have one, who is asked to give it back, and who waits for it. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define F_DUPFD_QUERY 1027
#define F_CREATED_QUERY 1028

static int asked, asked_code, asked_descriptor;

static void on_asked(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    asked++;
    asked_code = info->si_code;
    asked_descriptor = info->si_fd;
}

static const char *kind(int lease) {
    return lease == F_RDLCK ? "read" : lease == F_WRLCK ? "write" : lease == F_UNLCK ? "none" : "?";
}

static void openings(void) {
    const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR};
    for (int own = 0; own < 3; own++) {
        int file = open("f", ways[own]);
        SHOW("opened for", "%d", ways[own]);
        CALL(fcntl(file, F_SETLEASE, F_RDLCK));
        CALL(fcntl(file, F_SETLEASE, F_WRLCK));
        SHOW("lease", "%s", kind(fcntl(file, F_GETLEASE)));
        CALL(fcntl(file, F_SETLEASE, F_UNLCK));
        for (int other = 0; other < 3; other++) {
            int second = open("f", ways[other]);
            SHOW("and also for", "%d", ways[other]);
            CALL(fcntl(file, F_SETLEASE, F_RDLCK));
            CALL(fcntl(file, F_SETLEASE, F_WRLCK));
            fcntl(file, F_SETLEASE, F_UNLCK);
            close(second);
        }
        close(file);
    }
}

static void refusals(void) {
    int ends[2], directory = open(".", O_RDONLY), place = open("f", O_PATH), file = open("f", O_RDONLY);
    CALL(pipe(ends));
    CALL(fcntl(directory, F_SETLEASE, F_RDLCK));
    /* Who emptied it and only reads it now is no writer any more. */
    int emptied = open("f", O_RDONLY | O_TRUNC);
    CALL(fcntl(emptied, F_SETLEASE, F_RDLCK));
    close(emptied);
    CALL(fcntl(place, F_SETLEASE, F_RDLCK));
    CALL(fcntl(place, F_GETLEASE));
    CALL(fcntl(ends[0], F_SETLEASE, F_RDLCK));
    SHOW("of a pipe", "%s", kind(fcntl(ends[0], F_GETLEASE)));
    CALL(fcntl(file, F_SETLEASE, 7));
    CALL(fcntl(file, F_SETLEASE, F_UNLCK));
    close(directory), close(place), close(ends[0]), close(ends[1]);
    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(1000));
        CALL(fcntl(file, F_SETLEASE, F_RDLCK));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    close(file);
}

/* Somebody who does not wait. */
static void asking(void) {
    struct sigaction action = {.sa_sigaction = on_asked, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    int file = open("f", O_RDONLY);
    CALL(fcntl(file, F_SETSIG, SIGRTMIN));
    CALL(fcntl(file, F_SETLEASE, F_WRLCK));
    CALL(open("f", O_RDONLY | O_NONBLOCK));
    CHECK(asked == 1 && asked_descriptor == file);
    SHOW("code", "%d", asked_code);
    SHOW("to become", "%s", kind(fcntl(file, F_GETLEASE)));
    CALL(open("f", O_RDONLY | O_NONBLOCK));
    CHECK(asked == 1);
    CALL(fcntl(file, F_SETLEASE, F_RDLCK));
    int other = open("f", O_RDONLY | O_NONBLOCK);
    CHECK(other >= 0);
    CALL(open("f", O_WRONLY | O_NONBLOCK));
    CHECK(asked == 2);
    SHOW("to become", "%s", kind(fcntl(file, F_GETLEASE)));
    CALL(fcntl(other, F_SETLEASE, F_RDLCK));
    CALL(fcntl(file, F_SETLEASE, F_RDLCK));
    CALL(fcntl(file, F_SETLEASE, F_UNLCK));
    int writer = open("f", O_WRONLY | O_NONBLOCK);
    CHECK(writer >= 0);
    CALL(fcntl(file, F_GETSIG));
    CALL(fcntl(file, F_GETOWN));
    close(writer), close(other), close(file);
}

/* Somebody who waits, until it is given back, until the file is closed, or until the time is over. */
static void waiting(const char *what, int lease, int way) {
    int ready[2];
    char byte;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CALL(pipe(ready));
    int file = open("f", O_RDONLY);
    CALL(fcntl(file, F_SETLEASE, lease));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(file);
        int outcome = way < 0 ? truncate("f", 3) : open("f", way);
        write(ready[1], outcome < 0 ? "-" : "+", 1);
        _exit(0);
    }
    siginfo_t info;
    CHECK(sigwaitinfo(&set, &info) == SIGIO);
    SHOW("code", "%d", info.si_code);
    struct pollfd waits = {ready[0], POLLIN, 0};
    CHECK(poll(&waits, 1, 50) == 0);
    if (!strcmp(what, "weakened")) {
        CALL(fcntl(file, F_SETLEASE, F_RDLCK));
        CHECK(poll(&waits, 1, way == O_RDONLY ? -1 : 50) == (way == O_RDONLY));
    }
    if (!strcmp(what, "given back"))
        CALL(fcntl(file, F_SETLEASE, F_UNLCK));
    else if (!strcmp(what, "closed"))
        close(file);
    else if (!strcmp(what, "weakened"))
        fcntl(file, F_SETLEASE, F_UNLCK);
    read(ready[0], &byte, 1);
    SHOW(what, "%c", byte);
    if (!strcmp(what, "taken away"))
        SHOW("left", "%s", kind(fcntl(file, F_GETLEASE)));
    waitpid(child, NULL, 0);
    close(file), close(ready[0]), close(ready[1]);
}

int main(void) {
    int file = open("f", O_CREAT | O_RDWR, 0644);
    CALL(fcntl(file, F_CREATED_QUERY));
    CALL(fcntl(file, F_DUPFD_QUERY, file));
    CALL(fcntl(file, F_DUPFD_QUERY, 0));
    close(file);
    file = open("f", O_CREAT | O_RDWR, 0644);
    CALL(fcntl(file, F_CREATED_QUERY));
    CALL(write(file, "leased", 6));
    close(file);
    file = open(".", O_TMPFILE | O_RDWR, 0600);
    CALL(fcntl(file, F_CREATED_QUERY));
    close(file);
    openings();
    refusals();
    asking();
    waiting("given back", F_WRLCK, O_RDONLY);
    waiting("given back", F_WRLCK, O_RDWR);
    waiting("given back", F_RDLCK, O_WRONLY);
    waiting("closed", F_RDLCK, -1);
    waiting("weakened", F_WRLCK, O_RDONLY);
    waiting("weakened", F_WRLCK, O_WRONLY);
    int setting = open("/proc/sys/fs/lease-break-time", O_RDWR);
    char text[16] = {0};
    CALL(read(setting, text, sizeof text - 1));
    SHOW("time", "%s", text);
    CALL(pwrite(setting, "4\n", 2, 0));
    waiting("taken away", F_WRLCK, O_RDONLY);
    waiting("taken away", F_WRLCK, O_WRONLY);
    CALL(pwrite(setting, "45\n", 3, 0));
    END();
}
