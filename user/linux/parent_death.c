/* PR_SET_PDEATHSIG: a signal when the parent ends. */
#include "check.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int asked(void) {
    int signal = -1;
    prctl(PR_GET_PDEATHSIG, &signal);
    return signal;
}

/* The parent of a child that asked ends: what the child saw of it. */
static void orphan(const char *what, int change_user) {
    int ends[2], ready[2], status;
    pipe(ends);
    pipe(ready);
    pid_t middle = fork();
    if (middle == 0) {
        pid_t own = getpid();
        if (fork() == 0) {
            sigset_t set;
            siginfo_t info = { 0 };
            struct timespec patience = { 0, 300000000 };
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            if (change_user) setuid(1000);
            write(ready[1], "r", 1);
            int got = sigtimedwait(&set, &info, &patience);
            char text[80];
            int length = snprintf(text, sizeof text, "%s, code %d, %s", got == SIGUSR1 ? "USR1" : "nothing", got > 0 ? info.si_code : 0,
                                  got > 0 && info.si_pid == own ? "of the parent" : "-");
            write(ends[1], text, (size_t)length);
            _exit(0);
        }
        char byte;
        read(ready[0], &byte, 1);
        _exit(0);
    }
    waitpid(middle, &status, 0);
    char text[81] = "";
    ssize_t length = read(ends[0], text, 80);
    text[length > 0 ? length : 0] = 0;
    SHOW(what, "%s", text);
}

int main(int count, char **words) {
    if (count > 1) { SHOW("kept over exec", "%d", asked()); return 0; }
    CALL(prctl(PR_SET_PDEATHSIG, SIGTERM));
    SHOW("asked", "%d", asked());
    CALL(prctl(PR_SET_PDEATHSIG, 65));
    CALL(prctl(PR_SET_PDEATHSIG, -1));
    SHOW("asked", "%d", asked());
    pid_t child = fork();
    if (child == 0) {
        SHOW("a child begins with", "%d", asked());
        prctl(PR_SET_PDEATHSIG, SIGHUP);
        execl("/proc/self/exe", words[0], "again", NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    CALL(prctl(PR_SET_PDEATHSIG, 0));
    SHOW("asked", "%d", asked());
    orphan("parent ended", 0);
    orphan("parent ended, another user", 1);
    END();
}
