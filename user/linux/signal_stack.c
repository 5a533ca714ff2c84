/* Handlers on a stack of their own, also after the ordinary one overflowed. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

static char place[65536];
static sigjmp_buf back;

static void plain(int signal) {
    char here;
    stack_t own;
    sigaltstack(NULL, &own);
    SHOW("handler", "%d %d %d", signal, &here > place && &here < place + sizeof place, own.ss_flags == SS_ONSTACK);
    stack_t other = { .ss_sp = place, .ss_size = 20000 };
    CALL(sigaltstack(&other, NULL));
}

static void overflowed(int signal) {
    (void)signal;
    siglongjmp(back, 1);
}

__attribute__((noinline)) static int recurse(int depth) {
    volatile char room[512];
    room[depth % 512] = 1;
    return depth ? recurse(depth - 1) + room[depth % 512] : 0;
}

int main(void) {
    stack_t stack = { .ss_sp = place, .ss_size = sizeof place }, old;
    CALL(sigaltstack(NULL, &old));
    SHOW("none", "%d", old.ss_flags == SS_DISABLE);
    CALL(sigaltstack(&stack, NULL));
    struct sigaction action = { .sa_handler = plain, .sa_flags = SA_ONSTACK };
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CALL(sigaltstack(NULL, &old));
    SHOW("flags", "%d", old.ss_flags);
    action.sa_handler = overflowed;
    sigaction(SIGSEGV, &action, NULL);
    struct rlimit limit = { 256 * 1024, RLIM_INFINITY };
    setrlimit(RLIMIT_STACK, &limit);
    if (sigsetjmp(back, 1) == 0) SHOW("sum", "%d", recurse(1 << 24));
    else SHOW("overflow", "%s", "caught");
    stack.ss_size = 100;
    CALL(sigaltstack(&stack, NULL));
    stack.ss_flags = 77;
    CALL(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE;
    CALL(sigaltstack(&stack, NULL));
    END();
}
