/* vfork: the parent waits until the child executes or ends, and sees what it wrote meanwhile. */
#include "check.h"
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int main(void) {
    volatile int shared = 1;
    int status;
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        shared = 2;
        _exit(5);
    }
    SHOW("parent sees", "%d", shared);
    waitpid(child, &status, 0);
    SHOW("status", "%d", WEXITSTATUS(status));
    child = vfork();
    if (child == 0) {
        shared = 3;
        execl("/bin/busybox", "sh", "-c", "exit 6", NULL);
        _exit(9);
    }
    SHOW("parent sees", "%d", shared);
    waitpid(child, &status, 0);
    SHOW("status", "%d", WEXITSTATUS(status));
    char *arguments[] = { "sh", "-c", "echo spawned; exit 7", NULL };
    posix_spawnattr_t attributes;
    sigset_t set;
    posix_spawnattr_init(&attributes);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int spawned = posix_spawn(&child, "/bin/busybox", NULL, &attributes, arguments, environ);
    waitpid(child, &status, 0);
    SHOW("spawn", "%d", spawned);
    SHOW("status", "%d", WEXITSTATUS(status));
    SHOW("spawn nothing", "%s", strerrorname_np(posix_spawn(&child, "/nothing", NULL, NULL, arguments, environ)));
    SHOW("system", "%d", WEXITSTATUS(system("exit 8")));
    FILE *stream = popen("echo through a pipe", "r");
    char line[64] = "";
    SHOW("popen", "%s", fgets(line, sizeof line, stream) ? line : "nothing");
    SHOW("pclose", "%d", pclose(stream));
    END();
}
