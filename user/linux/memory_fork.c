/* Copies on write through fork: private, shared, files, deep trees. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(file, 8192);
    char *private_file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    char *shared_file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *own = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 64; i++) own[i * 1024] = i;
    private_file[0] = 'p';
    fflush(stdout);
    for (int level = 0; level < 5; level++) {
        pid_t child = fork();
        if (child != 0) {
            int status;
            waitpid(child, &status, 0);
            if (level > 0) _exit(WEXITSTATUS(status) + 1);
            SHOW("levels", "%d", WEXITSTATUS(status));
            break;
        }
        shared[0]++;
        own[level * 1024] += 100;
        for (int i = 0; i < 64; i++) if (own[i * 1024] != i + (i <= level ? 100 : 0)) shared[1]++;
        private_file[level] = 'c';
        shared_file[4096 + level] = 'a' + level;
        if (level == 4) _exit(1);
    }
    SHOW("shared", "%d %d", shared[0], shared[1]);
    SHOW("own", "%d %d", own[0], own[4096]);
    SHOW("files", "%c %d %s", private_file[0], private_file[1], shared_file + 4096);
    madvise(own, 4096, MADV_DONTFORK);
    pid_t child = fork();
    if (child == 0) { volatile int look = own[0]; _exit(look & 0); }
    int status;
    waitpid(child, &status, 0);
    SHOW("not forked", "%d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    END();
}
