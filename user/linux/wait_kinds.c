/* wait in its forms: any, group, exits, stops, continuations, without taking. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(void) {
    int status;
    siginfo_t info;
    CALL(wait(&status));
    pid_t child = fork();
    if (child == 0) { for (;;) pause(); }
    CALL(waitpid(child, &status, WNOHANG));
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CALL(waitpid(child, &status, WNOHANG | WUNTRACED));
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    kill(child, SIGTERM);
    memset(&info, 0, sizeof info);
    CALL(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    SHOW("seen", "%d %d %d", info.si_pid == child, info.si_code == CLD_KILLED, info.si_status);
    CHECK(waitpid(-1, &status, 0) == child && WTERMSIG(status) == SIGTERM);
    child = fork();
    if (child == 0) { setpgid(0, 0); _exit(5); }
    setpgid(child, child);
    CHECK(waitpid(-child, &status, 0) == child && WEXITSTATUS(status) == 5);
    CALL(waitpid(-child, &status, 0));
    CALL(waitpid(999999, &status, 0));
    CALL(waitpid(-1, &status, 0x40));
    memset(&info, 0x55, sizeof info);
    child = fork();
    if (child == 0) { for (;;) pause(); }
    CALL(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
    SHOW("nothing", "%d %d", info.si_pid, info.si_signo);
    CALL(waitid(P_ALL, 0, &info, 0));
    kill(child, SIGKILL);
    CALL(waitid(P_ALL, 0, &info, WEXITED));
    SHOW("killed", "%d %d", info.si_code == CLD_KILLED, info.si_status);
    signal(SIGCHLD, SIG_IGN);
    child = fork();
    if (child == 0) _exit(0);
    CALL(wait(&status));
    END();
}
