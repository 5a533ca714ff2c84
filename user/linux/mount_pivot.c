/* pivot_root in its two usual forms, what it does to those who stood at the old root, and chroot. */
#include "mounts.h"

static int pivot(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }

/* A root that can be left: the kernel's first one cannot. */
static void own_root(void) {
    dirs("root");
    tmpfs("root");
    dirs("root/new root/old root/proc");
    CALL(mount("proc", "root/proc", "proc", 0, NULL));
    CALL(chdir("root"));
    CALL(mount(".", "/", NULL, MS_MOVE, NULL));
    CALL(chroot("."));
    CALL(chdir("/"));
    strcpy(base, "");
}

static void where(const char *what) {
    char text[PATH_MAX];
    long length = syscall(SYS_getcwd, text, sizeof text);
    SHOW(what, "%s", length > 0 ? text : strerrorname_np(errno));
}

static void kept(const char *what) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SHOW(what, "%d %d %d %d", access("/new", F_OK), access("/marker", F_OK), access("/old/new", F_OK),
             access("marker", F_OK));
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void with_put_old(void) {
    CALL(tmpfs("new"));
    dirs("new/old new/proc");
    close(open("new/marker", O_CREAT | O_RDWR, 0600));
    int go[2];
    CALL(pipe(go));
    fflush(stdout);
    pid_t bystander = fork();
    if (bystander == 0) {
        char byte;
        close(go[1]);
        if (read(go[0], &byte, 1) < 0) _exit(1);
        where("a bystander's directory");
        kept("a bystander sees");
        _exit(0);
    }
    close(go[0]);
    CALL(pivot("new", "new/old"));
    where("our directory");
    kept("we see");
    close(go[1]);
    waitpid(bystander, NULL, 0);
    CALL(chdir("/"));
    CALL(mount("proc", "/proc", "proc", 0, NULL));
    CALL(access("/../marker", F_OK));
    CALL(access("/old/../../../marker", F_OK));
    CALL(umount("/old"));
    CALL(umount2("/old", MNT_DETACH));
    CALL(access("/old/new", F_OK));
    show_mounts("mounts");
}

static void on_itself(void) {
    dirs("next");
    CALL(tmpfs("next"));
    dirs("next/proc next/in");
    close(open("next/second", O_CREAT | O_RDWR, 0600));
    CALL(chdir("next"));
    CALL(pivot(".", "."));
    where("directory after it");
    CALL(access("/second", F_OK));
    CALL(access("/..", F_OK));
    CALL(access("/../marker", F_OK));
    CALL(umount2(".", MNT_DETACH));
    CALL(access("/../marker", F_OK));
    CALL(access("/../second", F_OK));
    CALL(chdir("/"));
    CALL(mount("proc", "/proc", "proc", 0, NULL));
    show_mounts("mounts");
}

static void errors(void) {
    dirs("m m/in");
    CALL(pivot("m", "m/in"));
    CALL(bind("m", "m"));
    CALL(mkdir("m/in2", 0755));
    CALL(pivot("m", "/"));
    CALL(pivot("m", "in"));
    CALL(pivot("/", "/"));
    CALL(make("m", MS_SHARED));
    CALL(pivot("m", "m/in"));
    CALL(make("m", MS_PRIVATE));
    CALL(make("/", MS_SHARED));
    CALL(pivot("m", "m/in"));
    CALL(make("/", MS_PRIVATE));
    CALL(chroot("m/in"));
    CALL(chdir("/"));
    CALL(mkdir("n", 0755));
    CALL(tmpfs("n"));
    CALL(mkdir("n/old", 0755));
    CALL(pivot("n", "n/old"));
    strcpy(base, "");
    CALL(umount("/"));
}

int main(void) {
    playground();
    own_root();
    with_put_old();
    on_itself();
    errors();
    END();
}
