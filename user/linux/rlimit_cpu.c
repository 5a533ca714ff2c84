/* RLIMIT_CPU: a signal at the soft limit each second, the end at the hard one. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = { 1, 2 };
        setrlimit(RLIMIT_CPU, &limit);
        for (;;) {}
    }
    int status;
    waitpid(child, &status, 0);
    SHOW("soft", "%d", WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
    child = fork();
    if (child == 0) {
        struct rlimit limit = { 1, 2 };
        signal(SIGXCPU, SIG_IGN);
        setrlimit(RLIMIT_CPU, &limit);
        for (;;) {}
    }
    struct rusage usage;
    wait4(child, &status, 0, &usage);
    SHOW("hard", "%d", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= 1);
    END();
}
