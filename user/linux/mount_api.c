/* The mount calls of Linux 5.2 and later: fsopen and its family, open_tree, move_mount, mount_setattr. */
#include "mounts.h"
#include <stdint.h>
#include <sys/vfs.h>

#define fsopen(...) syscall(SYS_fsopen, __VA_ARGS__)
#define fsconfig(fd, command, key, value, aux) syscall(SYS_fsconfig, fd, command, key, value, aux)
#define fsmount(...) syscall(SYS_fsmount, __VA_ARGS__)
#define fspick(...) syscall(SYS_fspick, __VA_ARGS__)
#define open_tree(...) syscall(SYS_open_tree, __VA_ARGS__)
#define move_mount(...) syscall(SYS_move_mount, __VA_ARGS__)
#define mount_setattr(...) syscall(SYS_mount_setattr, __VA_ARGS__)

enum { FLAG, STRING, BINARY, PATH, PATH_EMPTY, FD, CREATE, CHANGE };
enum { CLONE = 1, RECURSIVE = 0x8000, EMPTY = 0x1000 };
enum { FROM_EMPTY = 4, TO_EMPTY = 0x40, GROUP = 0x100, BENEATH = 0x200 };
struct attributes { uint64_t set, clear, propagation, user; };

static void messages(int file) {
    char text[256];
    ssize_t length;
    while ((length = read(file, text, sizeof text - 1)) > 0) {
        text[length] = 0;
        printf("  %s", text);
    }
    printf("  %s\n", length ? strerrorname_np(errno) : "end");
    fflush(stdout);
}

static void making(void) {
    puts("fsopen");
    CALL(fsopen("nosuch", 0));
    CALL(fsopen("tmpfs", 8));
    CALL(fsopen(NULL, 0));
    int context = fsopen("tmpfs", 1);
    CALL(fcntl(context, F_GETFD));
    CALL(fsmount(context, 0, 0));
    CALL(fsconfig(context, STRING, "source", "name", 0));
    CALL(fsconfig(context, STRING, "source", "again", 0));
    CALL(fsconfig(context, FLAG, "source", NULL, 0));
    CALL(fsconfig(context, STRING, "size", "1M", 0));
    CALL(fsconfig(context, STRING, "size", "much", 0));
    CALL(fsconfig(context, STRING, "nosuch", "1", 0));
    CALL(fsconfig(context, FLAG, "nosuch", NULL, 0));
    messages(context);
    CALL(fsconfig(context, STRING, "mode", "700", 0));
    CALL(fsconfig(context, STRING, "mode", NULL, 0));
    CALL(fsconfig(context, STRING, NULL, "x", 0));
    CALL(fsconfig(context, STRING, "mode", "700", 1));
    CALL(fsconfig(context, FLAG, "ro", "x", 0));
    CALL(fsconfig(context, BINARY, "x", "y", 0));
    CALL(fsconfig(context, FD, "x", NULL, -1));
    CALL(fsconfig(context, CREATE, "x", NULL, 0));
    CALL(fsconfig(context, 77, NULL, NULL, 0));
    CALL(fsconfig(-1, CREATE, NULL, NULL, 0));
    CALL(fsconfig(99, CREATE, NULL, NULL, 0));
    CALL(fsconfig(0, CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    CALL(fsconfig(context, CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, STRING, "size", "2M", 0));
    CALL(fsmount(context, 8, 0));
    CALL(fsmount(context, 0, 0x30));
    CALL(fsmount(context, 0, 0x100000));
    CALL(fsmount(0, 0, 0));
    CALL(fsmount(99, 0, 0));
    int mount = fsmount(context, 1, 2 | 0x10);
    OK(mount);
    CALL(fcntl(mount, F_GETFL));
    CALL(fsmount(context, 0, 0));
    CALL(mkdirat(mount, "inside", 0755));
    CALL(mkdir("a", 0755));
    CALL(move_mount(mount, "", AT_FDCWD, "nothing", FROM_EMPTY));
    CALL(move_mount(mount, "", AT_FDCWD, "a", 0));
    CALL(move_mount(mount, "", AT_FDCWD, "a", 0x1000));
    CALL(move_mount(mount, "", AT_FDCWD, "a", FROM_EMPTY));
    show_mounts("attached");
    CALL(access("a/inside", F_OK));
    CALL(mkdir("b", 0755));
    CALL(move_mount(mount, "", AT_FDCWD, "b", FROM_EMPTY));
    show_mounts("moved");
    CALL(fsconfig(context, FLAG, "ro", NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    show_mounts("changed");
    CALL(mkdir("b/x", 0755));
    close(context);
    CALL(fspick(AT_FDCWD, "b/inside", 0));
    CALL(fspick(AT_FDCWD, "b", 16));
    CALL(fspick(AT_FDCWD, "nothing", 0));
    context = fspick(AT_FDCWD, "b", 0);
    OK(context);
    CALL(fsmount(context, 0, 0));
    CALL(fsconfig(context, CREATE, NULL, NULL, 0));
    CALL(fsconfig(context, FLAG, "rw", NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    CALL(mkdir("b/x", 0755));
    close(context);
    close(mount);
    CALL(umount("b"));
}

static void unattached(void) {
    puts("never attached");
    int context = fsopen("tmpfs", 0);
    CALL(fsconfig(context, CREATE, NULL, NULL, 0));
    int mount = fsmount(context, 0, 0);
    int file = openat(mount, "f", O_CREAT | O_RDWR, 0600);
    CALL(write(file, "x", 1));
    CALL(mkdirat(mount, "d", 0755));
    CALL(fchdir(mount));
    CALL(tmpfs("d"));
    CALL(umount("."));
    CALL(access("../..", F_OK));
    CALL(access("../../f", F_OK));
    close(mount);
    close(context);
    CALL(write(file, "x", 1));
    CALL(access("f", F_OK));
    CALL(chdir(base));
    close(file);
}

static void trees(void) {
    puts("open_tree");
    clean();
    dirs("a b c");
    tmpfs("a");
    dirs("a/1 a/2");
    tmpfs("a/1");
    tmpfs("a/2");
    make("a/2", MS_UNBINDABLE);
    close(open("a/1/f", O_CREAT | O_RDWR, 0600));
    CALL(open_tree(AT_FDCWD, "a", RECURSIVE));
    CALL(open_tree(AT_FDCWD, "a", 2));
    CALL(open_tree(AT_FDCWD, "nothing", CLONE));
    CALL(open_tree(AT_FDCWD, "a/2", CLONE));
    CALL(open_tree(AT_FDCWD, "", CLONE));
    int place = open_tree(AT_FDCWD, "a", O_CLOEXEC);
    CALL(fcntl(place, F_GETFD));
    CALL(move_mount(place, "", AT_FDCWD, "b", FROM_EMPTY));
    show_mounts("moved by a descriptor");
    CALL(move_mount(AT_FDCWD, "b", AT_FDCWD, "a", 0));
    close(place);
    int one = open_tree(AT_FDCWD, "a", CLONE);
    int all = open_tree(AT_FDCWD, "a", CLONE | RECURSIVE);
    CALL(faccessat(one, "1/f", F_OK, 0));
    CALL(faccessat(all, "1/f", F_OK, 0));
    CALL(umount("a/1"));
    CALL(faccessat(all, "1/f", F_OK, 0));
    CALL(open_tree(all, "", CLONE | EMPTY));
    CALL(move_mount(all, "1", AT_FDCWD, "c", 0));
    CALL(move_mount(all, "", AT_FDCWD, "c", FROM_EMPTY));
    show_mounts("attached");
    CALL(move_mount(one, "", all, "2", FROM_EMPTY));
    show_mounts("attached in it");
    CALL(move_mount(all, "", AT_FDCWD, "c/2", FROM_EMPTY));
    close(one);
    close(all);
    show_mounts("they stay");
    CALL(move_mount(AT_FDCWD, "c/1", AT_FDCWD, "b", 0));
    CALL(move_mount(AT_FDCWD, "a/1", AT_FDCWD, "b", 0));
    close(open("g", O_CREAT | O_RDWR, 0600));
    close(open("h", O_CREAT | O_RDWR, 0600));
    int file = open_tree(AT_FDCWD, "g", CLONE);
    CALL(move_mount(file, "", AT_FDCWD, "b", FROM_EMPTY));
    CALL(move_mount(file, "", AT_FDCWD, "h", FROM_EMPTY));
    close(file);
    CALL(umount("h"));
}

static void attributes(void) {
    puts("mount_setattr");
    clean();
    dirs("a b");
    tmpfs("a");
    dirs("a/1");
    tmpfs("a/1");
    struct attributes wanted = { 0 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, 16));
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, 5000));
    CALL(mount_setattr(AT_FDCWD, "a", 1, &wanted, sizeof wanted));
    CALL(mount_setattr(AT_FDCWD, "nothing", 0, &wanted, sizeof wanted));
    wanted.set = 1 | 2;
    CALL(mount_setattr(AT_FDCWD, "nothing", 0, &wanted, sizeof wanted));
    CALL(mount_setattr(AT_FDCWD, "b", 0, &wanted, sizeof wanted));
    int file = open("a/1/f", O_CREAT | O_RDWR, 0600);
    CALL(mount_setattr(AT_FDCWD, "a", RECURSIVE, &wanted, sizeof wanted));
    show_mounts("none of them");
    close(file);
    CALL(mount_setattr(AT_FDCWD, "a", RECURSIVE, &wanted, sizeof wanted));
    show_mounts("all of them");
    wanted = (struct attributes){ .set = 8 | 0x200000, .clear = 1 | 2 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    show_mounts("one");
    wanted = (struct attributes){ .set = 0x10 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    wanted = (struct attributes){ .set = 0x10, .clear = 0x20 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    wanted = (struct attributes){ .set = 0x10 | 0x80, .clear = 0x70 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    show_mounts("times");
    wanted = (struct attributes){ .set = 0x20, .clear = 0x70 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    show_mounts("strictly");
    wanted = (struct attributes){ .clear = 0x70 | 0x80 | 8 | 0x200000 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    wanted = (struct attributes){ .set = 0x400 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    wanted = (struct attributes){ .propagation = MS_SHARED };
    CALL(mount_setattr(AT_FDCWD, "a", RECURSIVE, &wanted, sizeof wanted));
    wanted = (struct attributes){ .propagation = MS_SHARED | MS_SLAVE };
    CALL(mount_setattr(AT_FDCWD, "a", RECURSIVE, &wanted, sizeof wanted));
    wanted = (struct attributes){ .propagation = MS_REC };
    CALL(mount_setattr(AT_FDCWD, "a", RECURSIVE, &wanted, sizeof wanted));
    show_mounts("shared");
    int tree = open_tree(AT_FDCWD, "a", CLONE | RECURSIVE);
    wanted = (struct attributes){ .set = 1, .propagation = MS_PRIVATE };
    CALL(mount_setattr(tree, "", EMPTY | RECURSIVE, &wanted, sizeof wanted));
    CALL(mount_setattr(tree, "1", 0, &wanted, sizeof wanted));
    CALL(mkdirat(tree, "x", 0755));
    CALL(mkdirat(tree, "1/x", 0755));
    CALL(tmpfs("a/1"));
    CALL(move_mount(tree, "", AT_FDCWD, "b", FROM_EMPTY));
    show_mounts("set before it was attached");
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "b", GROUP));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "b", GROUP));
    CALL(move_mount(AT_FDCWD, "a/1", AT_FDCWD, "b/1", GROUP));
    show_mounts("one group");
}

static void beneath(void) {
    umount2("a", MNT_DETACH);
    umount2("b", MNT_DETACH);
    mkdir("c", 0755);
    CALL(tmpfs("a"));
    CALL(mkdir("a/lower", 0755));
    CALL(tmpfs("b"));
    CALL(mkdir("b/upper", 0755));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "b/upper", BENEATH));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "a", BENEATH));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "b", BENEATH | GROUP));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "b", BENEATH));
    CALL(access("b/upper", F_OK));
    show_mounts("beneath");
    int tree = open_tree(AT_FDCWD, "b", CLONE);
    CALL(move_mount(tree, "", AT_FDCWD, "b", BENEATH | FROM_EMPTY));
    CALL(umount("b"));
    CALL(access("b/upper", F_OK));
    CALL(umount("b"));
    CALL(access("b/lower", F_OK));
    CALL(umount("b"));
    CALL(umount("b"));
    CALL(mount("c", "c", "none", MS_BIND, NULL));
    CALL(mount(NULL, "c", NULL, MS_SHARED, NULL));
    CALL(mkdir("c/1", 0755));
    CALL(mkdir("d", 0755));
    CALL(mount("c", "d", "none", MS_BIND, NULL));
    CALL(tmpfs("c/1"));
    CALL(mkdir("c/1/upper", 0755));
    CALL(tmpfs("a"));
    CALL(mkdir("a/lower", 0755));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "c/1", BENEATH));
    show_mounts("beneath where others hear it");
    CALL(umount("c/1"));
    CALL(access("d/1/lower", F_OK));
    CALL(umount2("d/1", MNT_DETACH));
    CALL(umount2("c", MNT_DETACH));
    CALL(umount2("d", MNT_DETACH));
}

/* Beneath a mount that would hear of it, or be covered by its own copy. */
static void beneath_peers(void) {
    clean();
    dirs("a p q");
    CALL(tmpfs("a"));
    CALL(mount("p", "p", "none", MS_BIND, NULL));
    CALL(mount(NULL, "p", NULL, MS_SHARED, NULL));
    CALL(mount("p", "p", "none", MS_BIND, NULL));
    CALL(mount("p", "q", "none", MS_BIND, NULL));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "p", BENEATH));
    CALL(mount(NULL, "p", NULL, MS_SLAVE, NULL));
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "p", BENEATH));
    CALL(mount(NULL, "p", NULL, MS_PRIVATE, NULL));
    CALL(move_mount(AT_FDCWD, "q", AT_FDCWD, "p", BENEATH));
    show_mounts("refused");
    CALL(move_mount(AT_FDCWD, "a", AT_FDCWD, "p", BENEATH));
    show_mounts("where nothing comes back");
    CALL(tmpfs("a"));
    fflush(stdout);
    if (fork() == 0) {
        int tree = open_tree(AT_FDCWD, "a", CLONE);
        CALL(chroot("q"));
        CALL(chdir("/"));
        CALL(move_mount(tree, "", AT_FDCWD, "/", BENEATH | FROM_EMPTY));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

/* The third and the last field of a mount's line: what the mount restricts, and the file system's first words. */
static void show_prompt(const char *what) {
    FILE *list = fopen("/proc/self/mountinfo", "r");
    char line[8192], wanted[PATH_MAX + 4];
    struct statfs room;
    sprintf(wanted, " %s/b ", base);
    while (list && fgets(line, sizeof line, list)) {
        char options[512], super[512];
        char *place = strstr(line, wanted), *kind = strstr(line, " - ");
        if (!place || !kind || sscanf(place + strlen(wanted), "%511s", options) != 1) continue;
        if (sscanf(kind + 3, "%*s %*s %511s", super) != 1) continue;
        char *own = strstr(super, ",size");
        if (own) *own = 0;
        printf("%s: %s, %s", what, options, super);
    }
    if (list) fclose(list);
    if (statfs("b", &room)) perror("statfs");
    printf(", %#lx\n", (unsigned long)room.f_flags & 0x90);
}

/* What reaches the device at once. */
static void prompt(void) {
    clean();
    puts("sync and dirsync");
    CALL(mkdir("b", 0755));
    int context = fsopen("tmpfs", 0);
    CALL(fsconfig(context, PATH, "sync", "anything", AT_FDCWD));
    CALL(fsconfig(context, PATH, "sync", "", AT_FDCWD));
    CALL(fsconfig(context, PATH_EMPTY, "sync", "", AT_FDCWD));
    CALL(fsconfig(context, FD, "sync", NULL, 0));
    CALL(fsconfig(context, FD, "sync", NULL, 99));
    CALL(fsconfig(context, BINARY, "sync", "xy", 2));
    CALL(fsconfig(context, BINARY, "sync", (void *)16, 2));
    CALL(fsconfig(context, FD, "nosuch", NULL, 0));
    CALL(fsconfig(context, STRING, "size", "1M", 0));
    CALL(fsconfig(context, CREATE, NULL, NULL, 0));
    int mounted = fsmount(context, 0, 0);
    CALL(move_mount(mounted, "", AT_FDCWD, "b", FROM_EMPTY));
    close(mounted);
    close(context);
    show_prompt("made");
    context = fspick(AT_FDCWD, "b", 0);
    CALL(fsconfig(context, FLAG, "async", NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    show_prompt("late");
    CALL(fsconfig(context, STRING, "sync", "false", 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    show_prompt("at once");
    CALL(fsconfig(context, FLAG, "ro", NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    show_prompt("kept");
    CALL(fsconfig(context, FLAG, "dirsync", NULL, 0));
    CALL(fsconfig(context, CHANGE, NULL, NULL, 0));
    CALL(fsconfig(context, FLAG, "rw", NULL, 0));
    show_prompt("names are not changed");
    close(context);
    CALL(mount("x", "b", "tmpfs", MS_REMOUNT, "size=1M"));
    show_prompt("remounted without");
    CALL(mount("x", "b", "tmpfs", MS_REMOUNT | MS_SYNCHRONOUS, NULL));
    show_prompt("remounted with");
    CALL(mount("x", "b", "tmpfs", MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
    show_prompt("restricted");
    CALL(umount("b"));
    CALL(mount("x", "b", "tmpfs", MS_DIRSYNC | MS_NOSUID, "size=1M"));
    show_prompt("mounted");
    CALL(mount("x", "b", "tmpfs", MS_REMOUNT | MS_SYNCHRONOUS, NULL));
    show_prompt("both");
    CALL(umount("b"));
}

int main(void) {
    playground();
    making();
    prompt();
    unattached();
    trees();
    attributes();
    beneath();
    beneath_peers();
    puts("an ordinary user");
    CALL(setuid(1000));
    CALL(fsopen("tmpfs", 8));
    CALL(open_tree(AT_FDCWD, "a", CLONE));
    int place = open_tree(AT_FDCWD, "a", 0);
    OK(place);
    CALL(move_mount(place, "", AT_FDCWD, "b", FROM_EMPTY));
    CALL(fspick(AT_FDCWD, "a", 0));
    struct attributes wanted = { .set = 1 };
    CALL(mount_setattr(AT_FDCWD, "a", 0, &wanted, sizeof wanted));
    END();
}
