/* sigwaitinfo and sigtimedwait take what is pending; signalfd reads it. */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

int main(void) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CALL(sigtimedwait(&set, &info, &(struct timespec){ 0, 20000000 }));
    raise(SIGRTMIN);
    raise(SIGUSR1);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN);
    CALL(sigtimedwait(&set, &info, &(struct timespec){ 0, -1 }));
    int file = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    struct signalfd_siginfo got[3];
    CALL(read(file, got, sizeof got));
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 });
    sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 43 });
    struct pollfd wait = { file, POLLIN, 0 };
    CALL(poll(&wait, 1, 0));
    CALL(read(file, got, 5));
    CHECK(read(file, got, sizeof got) == 2 * sizeof got[0]);
    SHOW("values", "%d %d %d", got[0].ssi_int, got[1].ssi_int, got[0].ssi_code);
    CHECK(got[0].ssi_pid == (unsigned)getpid() && got[0].ssi_signo == (unsigned)SIGRTMIN);
    CALL(poll(&wait, 1, 0));
    sigdelset(&set, SIGRTMIN);
    CHECK(signalfd(file, &set, 0) == file);
    raise(SIGRTMIN);
    CALL(poll(&wait, 1, 0));
    CALL(signalfd(0, &set, 0));
    END();
}
