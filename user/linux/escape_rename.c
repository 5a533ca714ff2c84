/* A directory that is renamed out of the part of a file system that a bind mount shows, while somebody stands in it: its
 * `..` leads nowhere, and not outside. */
#include "mounts.h"

static int seen(const char *path) { return access(path, F_OK) == 0; }

int main(void) {
    playground();
    dirs("disk disk/shown disk/shown/d disk/shown/d/deep disk/outside jail");
    close(open("disk/secret", O_CREAT | O_RDWR, 0600));
    close(open("disk/outside/secret", O_CREAT | O_RDWR, 0600));
    CALL(bind("disk/shown", "jail"));
    int go[2], done[2];
    CALL(pipe(go));
    CALL(pipe(done));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char byte, text[PATH_MAX];
        if (chroot("jail") || chdir("/d/deep")) perror("chroot");
        int held = open("/d", O_PATH);
        if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(9);
        CALL(chdir(".."));
        CALL(access("..", F_OK));
        CALL(access("../secret", F_OK));
        CALL(access("../../secret", F_OK));
        CHECK(!seen("../secret"));
        CALL(faccessat(held, "..", F_OK, 0));
        CALL(faccessat(held, "../secret", F_OK, 0));
        CALL(faccessat(held, "deep/../../secret", F_OK, 0));
        CALL(faccessat(held, "deep", F_OK, 0));
        CALL(openat(held, "..", O_PATH));
        CALL(fchdir(held));
        CALL(chdir(".."));
        CALL(open("../..", O_RDONLY));
        CALL(chroot("."));
        CALL(access("/..", F_OK));
        CALL(access("/../secret", F_OK));
        long length = syscall(SYS_getcwd, text, sizeof text);
        SHOW("directory", "%s", length > 0 ? text : strerrorname_np(errno));
        _exit(failures);
    }
    char byte;
    if (read(done[0], &byte, 1) != 1) perror("child");
    CALL(rename("disk/shown/d", "disk/outside/d"));
    if (write(go[1], "x", 1) != 1) perror("child");
    int status;
    waitpid(child, &status, 0);
    CHECK(status == 0);

    /* The same with a plain changed root: that `..` leads up and out is what Linux does, and a view is for. */
    CALL(rename("disk/outside/d", "disk/shown/d"));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (chroot("disk/shown") || chdir("/d")) perror("chroot");
        if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(9);
        SHOW("seen from a changed root", "%d", seen("../secret"));
        _exit(0);
    }
    if (read(done[0], &byte, 1) != 1) perror("child");
    CALL(rename("disk/shown/d", "disk/outside/d"));
    if (write(go[1], "x", 1) != 1) perror("child");
    waitpid(child, &status, 0);
    END();
}
