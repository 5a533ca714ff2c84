/* RLIMIT_FSIZE and its signal; RLIMIT_NOFILE. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static volatile int got;

static void handler(int signal) {
    (void)signal;
    got++;
}

int main(void) {
    struct rlimit limit = { 4096, RLIM_INFINITY };
    CALL(setrlimit(RLIMIT_FSIZE, &limit));
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char block[3000] = { 0 };
    signal(SIGXFSZ, handler);
    CALL(write(file, block, 3000));
    CALL(write(file, block, 3000));
    CALL(write(file, block, 3000));
    SHOW("signals", "%d", got);
    CALL(pwrite(file, block, 10, 4096));
    CALL(pwrite(file, block, 10, 100));
    CALL(ftruncate(file, 4097));
    CALL(ftruncate(file, 4096));
    CALL(fallocate(file, 0, 0, 5000));
    SHOW("signals", "%d", got);
    int ends[2];
    pipe(ends);
    CALL(write(ends[1], block, 3000));
    CALL(write(ends[1], block, 3000));
    pid_t child = fork();
    if (child == 0) { signal(SIGXFSZ, SIG_DFL); lseek(file, 0, SEEK_END); write(file, block, 10); _exit(0); }
    int status;
    waitpid(child, &status, 0);
    SHOW("child", "%d", WTERMSIG(status) == SIGXFSZ);
    limit.rlim_cur = limit.rlim_max = 8;
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    int last = -1, next;
    while ((next = dup(0)) >= 0) last = next;
    SHOW("last", "%d %s", last, strerrorname_np(errno));
    CALL(dup2(0, 8));
    CALL(fcntl(0, F_DUPFD, 8));
    CALL(getdtablesize());
    limit.rlim_cur = 9;
    CALL(setrlimit(RLIMIT_NOFILE, &limit));
    CALL(getrlimit(99, &limit));
    END();
}
