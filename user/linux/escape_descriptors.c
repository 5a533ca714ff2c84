/* Descriptors and /proc as a way out: what is held leads where it was opened, and nowhere else; another process's root
 * is for those who may look into it. */
#include "mounts.h"

static int seen(const char *path) { return access(path, F_OK) == 0; }

int main(void) {
    int status, ready[2], go[2];
    char byte, path[PATH_MAX];
    playground();
    dirs("jail jail/proc jail/in");
    close(open("secret", O_CREAT | O_RDWR, 0644));
    close(open("jail/inside", O_CREAT | O_RDWR, 0644));
    CALL(mount("proc", "jail/proc", "proc", 0, NULL));
    CALL(pipe(ready));
    CALL(pipe(go));
    fflush(stdout);
    pid_t outer = getpid(), child = fork();
    if (child == 0) {
        close(ready[0]);
        close(go[1]);
        if (chroot("jail") || chdir("/")) perror("chroot");
        int inside = open("/in", O_PATH);
        sprintf(path, "/proc/self/fd/%d/../../secret", inside);
        CHECK(!seen(path));
        sprintf(path, "/proc/self/fd/%d/../inside", inside);
        CHECK(seen(path));
        CHECK(!seen("/proc/self/root/../secret"));
        CHECK(!seen("/proc/self/cwd/../secret"));
        CHECK(!seen("/proc/self/root/secret"));
        CHECK(seen("/proc/self/root/inside"));
        CHECK(!seen("/proc/self/fd/999/x"));
        /* What is read-only stays so through a descriptor of it. */
        CALL(tmpfs("/in"));
        close(open("/in/f", O_CREAT | O_RDWR, 0666));
        CALL(mount(NULL, "/in", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
        int file = open("/in/f", O_RDONLY);
        sprintf(path, "/proc/self/fd/%d", file);
        CALL(open(path, O_RDWR));
        CALL(open(path, O_RDWR | O_TRUNC));
        CALL(truncate(path, 5));
        int tree = open("/in", O_PATH);
        CALL(openat(tree, "f", O_RDWR));
        CALL(openat(tree, "new", O_RDWR | O_CREAT, 0600));
        close(file);
        close(tree);
        CALL(umount("/in"));
        /* The super-user may look into whoever is there: /proc/PID/root leads to that process's root. */
        sprintf(path, "/proc/%d/root%s/secret", (int)outer, base);
        SHOW("the super-user through another's root", "%d", seen(path));
        sprintf(path, "/proc/%d/cwd/secret", (int)outer);
        SHOW("the super-user through another's directory", "%d", seen(path));
        /* An ordinary user may not. */
        CALL(setuid(1000));
        sprintf(path, "/proc/%d/root/x", (int)outer);
        CALL(access(path, F_OK));
        sprintf(path, "/proc/%d/cwd/secret", (int)outer);
        CALL(access(path, F_OK));
        sprintf(path, "/proc/%d/root", (int)outer);
        CALL(readlink(path, path + 2000, 1000));
        CALL(open(path, O_PATH | O_NOFOLLOW) >= 0);
        sprintf(path, "/proc/%d/ns/mnt", (int)outer);
        CALL(open(path, O_RDONLY));
        sprintf(path, "/proc/%d/fd/0", (int)outer);
        CALL(open(path, O_RDONLY));
        _exit(failures);
    }
    waitpid(child, &status, 0);
    CHECK(status == 0);
    END();
}
