/* A sandbox made inside a changed root, step by step as bubblewrap makes one: mounts of its own from clone, a file system
 * of its own that becomes the root, the old root bound from below it, and a second pivot_root that drops both. */
#include "mounts.h"
#include <linux/openat2.h>
#include <signal.h>

static int pivot(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }
static int proc_directory;

static void where(const char *what) {
    char text[PATH_MAX];
    long length = syscall(SYS_getcwd, text, sizeof text);
    SHOW(what, "%s", length > 0 ? text : strerrorname_np(errno));
}

static void seen(const char *what) {
    SHOW(what, "inside %d %d, old %d %d, new %d %d, outside %d %d %d", access("/inside", F_OK), access("inside", F_OK),
         access("/oldroot/inside", F_OK), access("/oldroot/mnt/sub", F_OK), access("/newroot/inside", F_OK),
         access("/newroot/mnt/sub", F_OK), access("/secret", F_OK), access("/../secret", F_OK),
         access("/oldroot/../../secret", F_OK));
}

/* What a path names below `root`, as a descriptor. */
static int below(const char *root, const char *path) {
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    char link[32], text[PATH_MAX];
    int top = open(root, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int file = syscall(SYS_openat2, top, path, &how, sizeof how);
    close(top);
    if (file < 0) {
        printf("%s in %s: %s\n", path, root, strerrorname_np(errno));
        return file;
    }
    sprintf(link, "self/fd/%d", file);
    long length = readlinkat(proc_directory, link, text, sizeof text - 1);
    SHOW(path, "in %s is %.*s", root, (int)(length < 0 ? 0 : length), text);
    return file;
}

static int bound(int from, int to) {
    char links[2][32];
    sprintf(links[0], "/oldroot/proc/self/fd/%d", from);
    sprintf(links[1], "/oldroot/proc/self/fd/%d", to);
    return mount(links[0], links[1], NULL, MS_BIND | MS_REC, NULL);
}

static int sandbox(void) {
    strcpy(base, "");
    where("directory");
    CALL(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL));
    CALL(mount("tmpfs", "/tmp", "tmpfs", MS_NODEV | MS_NOSUID, NULL));
    CALL(chdir("/tmp"));
    CALL(mkdir("newroot", 0755));
    CALL(mount("newroot", "newroot", NULL, MS_MGC_VAL | MS_BIND | MS_REC, NULL));
    CALL(mkdir("oldroot", 0755));
    errno = 0;
    if (pivot("/tmp", "oldroot")) {
        SHOW("pivot_root", "%s", strerrorname_np(errno));
        return 1;
    }
    where("directory");
    CALL(chdir("/"));
    where("directory");
    seen("after the first");
    below("/oldroot", "/none");
    below("/oldroot", "/link");
    below("/oldroot", "/../../secret");
    int source = below("/oldroot", "/"), target = below("/newroot", "/");
    CALL(bound(source, target));
    close(source);
    close(target);
    target = below("/newroot", "/mnt");
    source = below("/oldroot", "/etc");
    CALL(bound(source, target));
    close(source);
    close(target);
    seen("with the old one bound");
    CALL(mount("oldroot", "oldroot", NULL, MS_REC | MS_PRIVATE, NULL));
    CALL(umount2("oldroot", MNT_DETACH));
    seen("without the old one");
    int top = open("/", O_DIRECTORY | O_RDONLY);
    CALL(chdir("/newroot"));
    CALL(pivot(".", "."));
    CALL(fchdir(top));
    close(top);
    CALL(umount2(".", MNT_DETACH));
    CALL(chdir("/"));
    where("directory");
    seen("after the second");
    CALL(access("/mnt/name", F_OK));
    CALL(access("/../../secret", F_OK));
    show_mounts("mounts");
    return 0;
}

static void run(const char *what, const char *root) {
    SHOW(what, "%s", root);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        CALL(chroot(root));
        CALL(chdir("/"));
        proc_directory = open("/proc", O_PATH);
        fflush(stdout);
        pid_t inner = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
        if (inner == 0) {
            int status = sandbox();
            fflush(stdout);
            _exit(status);
        }
        int status;
        waitpid(inner, &status, 0);
        SHOW("the sandbox", "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        /* Nothing of it is seen here. */
        where("the maker's directory");
        seen("the maker");
        CALL(access("/tmp/newroot", F_OK));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void fill(const char *root) {
    char name[PATH_MAX];
    static const char *const names[] = { "tmp", "mnt", "mnt/sub", "etc", "proc" };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s/%s", root, names[i]);
        dirs(name);
    }
    if (mount("proc", name, "proc", 0, NULL)) perror("proc");
    snprintf(name, sizeof name, "%s/inside", root);
    close(open(name, O_CREAT | O_RDWR, 0600));
    snprintf(name, sizeof name, "%s/etc/name", root);
    close(open(name, O_CREAT | O_RDWR, 0600));
    snprintf(name, sizeof name, "%s/link", root);
    CALL(symlink("/etc/name", name));
}

int main(void) {
    playground();
    close(open("secret", O_CREAT | O_RDWR, 0600));
    dirs("plain bound own");
    fill("plain");
    run("a directory", "plain");
    CALL(rbind("plain", "bound"));
    run("a bind mount", "bound");
    CALL(tmpfs("own"));
    fill("own");
    run("a file system", "own");
    END();
}
