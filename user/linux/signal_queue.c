/* Real-time signals queue with their values and come in order; standard ones do not queue. */
#include "check.h"
#include <signal.h>
#include <sys/wait.h>

static int order[32], values[32], count;

static void handler(int signal, siginfo_t *info, void *context) {
    (void)context;
    order[count] = signal >= SIGRTMIN ? signal - SIGRTMIN : -signal;
    values[count++] = info->si_code == SI_QUEUE ? info->si_value.sival_int : info->si_code;
}

int main(void) {
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigfillset(&action.sa_mask);
    for (int signal = SIGRTMIN; signal <= SIGRTMIN + 2; signal++) sigaction(signal, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    for (int round = 0; round < 3; round++)
        for (int signal = SIGRTMIN + 2; signal >= SIGRTMIN; signal--)
            sigqueue(getpid(), signal, (union sigval){ .sival_int = round * 10 + signal - SIGRTMIN });
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    SHOW("pending", "%d %d", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN));
    sigprocmask(SIG_SETMASK, &old, NULL);
    for (int i = 0; i < count; i++) SHOW("got", "%d %d", order[i], values[i]);
    CALL(sigqueue(getpid(), 65, (union sigval){ 0 }));
    CALL(sigqueue(getpid(), 0, (union sigval){ 0 }));
    END();
}
