/* Masks: what blocks, what a handler blocks, what fork and exec keep. */
#include "check.h"
#include <signal.h>
#include <sys/wait.h>

static void handler(int signal) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW("handler", "%s %d %d", signal == SIGUSR1 ? "one" : "two", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
    static int once;
    if (!once++) raise(SIGUSR2);
}

int main(void) {
    struct sigaction action = { .sa_handler = handler };
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &action);
    SHOW("reset", "%d", action.sa_handler == SIG_DFL);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGKILL);
    CALL(sigprocmask(SIG_BLOCK, &set, NULL));
    sigprocmask(SIG_BLOCK, NULL, &old);
    SHOW("blocked", "%d %d", sigismember(&old, SIGTERM), sigismember(&old, SIGKILL));
    raise(SIGTERM);
    pid_t child = fork();
    if (child == 0) {
        sigset_t pending;
        sigpending(&pending);
        _exit(sigismember(&pending, SIGTERM) * 2 + 1);
    }
    int status;
    waitpid(child, &status, 0);
    SHOW("child has pending", "%d", WEXITSTATUS(status) == 3);
    CALL(sigprocmask(77, &set, NULL));
    CALL(sigaction(SIGKILL, &action, NULL));
    CALL(sigaction(65, &action, NULL));
    signal(SIGTERM, SIG_IGN);
    sigpending(&set);
    SHOW("ignoring discards", "%d", !sigismember(&set, SIGTERM));
    END();
}
