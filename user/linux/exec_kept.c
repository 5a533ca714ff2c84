/* What exec keeps and what it resets. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/stat.h>

static void handler(int signal) {
    (void)signal;
}

static int umask_now(void) {
    int now = umask(0);
    umask(now);
    return now;
}

int main(void) {
    fflush(stdout);
    if (getenv("SECOND")) {
        struct sigaction action;
        sigset_t mask;
        sigaction(SIGUSR1, NULL, &action);
        SHOW("handler reset", "%d", action.sa_handler == SIG_DFL);
        sigaction(SIGUSR2, NULL, &action);
        SHOW("ignored kept", "%d", action.sa_handler == SIG_IGN);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        SHOW("mask kept", "%d", sigismember(&mask, SIGTERM));
        sigpending(&mask);
        SHOW("pending kept", "%d", sigismember(&mask, SIGTERM));
        SHOW("kept open", "%d", fcntl(20, F_GETFD));
        SHOW("closed", "%d", fcntl(21, F_GETFD));
        SHOW("umask", "%o", umask_now());
        SHOW("same process", "%d", atoi(getenv("SECOND")) == getpid());
        char where[64];
        SHOW("directory", "%s", getcwd(where, sizeof where) ? where : "?");
        stack_t stack;
        sigaltstack(NULL, &stack);
        SHOW("alternate stack", "%d", stack.ss_flags == SS_DISABLE);
        return 0;
    }
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    raise(SIGTERM);
    dup2(0, 20);
    dup3(0, 21, O_CLOEXEC);
    umask(037);
    chdir("/");
    static char place[16384];
    sigaltstack(&(stack_t){ .ss_sp = place, .ss_size = sizeof place }, NULL);
    char own[16], *arguments[] = { "again", NULL }, *environment[] = { own, NULL };
    snprintf(own, sizeof own, "SECOND=%d", getpid());
    CALL(execve("/nosuch", arguments, environment));
    CALL(execve("/", arguments, environment));
    CALL(execve("/etc/passwd", arguments, environment));
    CALL(execve("/proc/self/exe", arguments, environment));
    END();
}
