/* SIGCHLD and the zombie come together: who has the signal finds the child, who found the child has
 * the signal. Shells wait by the first (look, sleep for the signal, look), and sleep forever if a
 * look right after the signal finds nothing. */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { ROUNDS = 1000 };

int main(void) {
    sigset_t child_changed, pending;
    int early = 0, deaf = 0, unready = 0, wrong = 0;
    sigemptyset(&child_changed);
    sigaddset(&child_changed, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_changed, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) _exit(i & 127);
        struct pollfd file = { .fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN };
        sigwaitinfo(&child_changed, NULL);
        if (poll(&file, 1, 0) != 1) unready++;
        pid_t found = waitpid(-1, &status, WNOHANG);
        if (found == 0) { early++; found = waitpid(-1, &status, 0); }
        if (found != child || !WIFEXITED(status) || WEXITSTATUS(status) != (i & 127)) wrong++;
        close(file.fd);
    }
    SHOW("signals before the child could be waited for", "%d", early);
    SHOW("signals before the child's descriptor was ready", "%d", unready);
    for (int i = 0; i < ROUNDS; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) _exit(0);
        if (waitpid(-1, &status, 0) != child) wrong++;
        sigpending(&pending);
        if (!sigismember(&pending, SIGCHLD)) deaf++;
        struct timespec now = { 0, 0 };
        sigtimedwait(&child_changed, NULL, &now);
    }
    SHOW("children waited for before their signal", "%d", deaf);
    SHOW("wrong children", "%d", wrong);
    CALL(waitpid(-1, NULL, WNOHANG));
    END();
}
