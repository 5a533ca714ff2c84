/* What siginfo says of faults, children, kill and timers. */
#include "check.h"
#include <signal.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>

static sigjmp_buf back;
static void *expected;

static void handler(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (signal == SIGCHLD) { SHOW("child", "%d %d", info->si_code, info->si_status); return; }
    if (signal == SIGUSR1) { SHOW("user", "%d %d", info->si_code, info->si_pid == getpid()); return; }
    SHOW("fault", "%d %d %d", signal, info->si_code, info->si_addr == expected);
    siglongjmp(back, 1);
}

int main(void) {
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGCHLD, SIGUSR1, SIGTRAP };
    for (int i = 0; i < 6; i++) sigaction(signals[i], &action, NULL);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expected = page + 5;
    if (!sigsetjmp(back, 1)) page[5] = 1;
    munmap(page, 4096);
    expected = page + 7;
    if (!sigsetjmp(back, 1)) page[7] = 1;
    expected = NULL;
    if (!sigsetjmp(back, 1)) *(volatile int *)NULL = 1;
    FILE *file = fopen("short", "w");
    fclose(file);
    file = fopen("short", "r");
    char *beyond = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    expected = beyond;
    if (!sigsetjmp(back, 1)) SHOW("read", "%d", *(volatile char *)beyond);
    pid_t child = fork();
    if (child == 0) _exit(9);
    waitid(P_PID, child, &(siginfo_t){ 0 }, WEXITED);
    child = fork();
    if (child == 0) { signal(SIGSEGV, SIG_DFL); kill(getpid(), SIGKILL); }
    waitpid(child, NULL, 0);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    END();
}
