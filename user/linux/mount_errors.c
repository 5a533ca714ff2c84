/* mount, umount2 and pivot_root, in the ways they can fail. */
#include "mounts.h"
#include <sys/vfs.h>

static int pivot(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }

int main(void) {
    playground();
    dirs("a b c d");
    close(open("f", O_CREAT | O_RDWR, 0644));
    close(open("g", O_CREAT | O_RDWR, 0644));
    symlink("a", "link");
    CALL(mount("x", "a", NULL, 0, NULL));
    CALL(mount("x", "a", "nosuch", 0, NULL));
    CALL(mount("x", "nothing", "tmpfs", 0, NULL));
    CALL(mount("x", "f", "tmpfs", 0, NULL));
    CALL(mount(NULL, "a", NULL, MS_BIND, NULL));
    CALL(mount("", "a", NULL, MS_BIND, NULL));
    CALL(mount("nothing", "a", NULL, MS_BIND, NULL));
    CALL(mount("f", "a", NULL, MS_BIND, NULL));
    CALL(mount("a", "f", NULL, MS_BIND, NULL));
    CALL(mount("f", "g", NULL, MS_BIND, NULL));
    CALL(umount("g"));
    CALL(mount(NULL, "a", NULL, MS_MOVE, NULL));
    CALL(mount("a", "b", NULL, MS_MOVE, NULL));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT, NULL));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND, NULL));
    CALL(mount(NULL, "a", NULL, MS_SHARED, NULL));
    CALL(umount("a"));
    CALL(umount("nothing"));
    CALL(umount("f"));
    CALL(umount2("a", 0x100));
    CALL(tmpfs("a"));
    CALL(umount2("link", UMOUNT_NOFOLLOW));
    CALL(umount2("link", 0));
    CALL(tmpfs("a"));
    CALL(umount2("a", MNT_EXPIRE | MNT_DETACH));
    CALL(umount2("a", MNT_EXPIRE | MNT_FORCE));
    CALL(umount2("a", MNT_EXPIRE));
    struct stat status;
    CALL(stat("a/nothing", &status));
    CALL(umount2("a", MNT_EXPIRE));
    CALL(umount2("a", MNT_EXPIRE));
    CALL(umount2("a", MNT_EXPIRE));
    CALL(tmpfs("a"));
    int file = open("a/f", O_CREAT | O_RDWR, 0600);
    CALL(umount("a"));
    CALL(umount2("a", MNT_EXPIRE));
    CALL(umount2("a", MNT_FORCE));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    close(file);
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    CALL(open("a/f", O_RDWR));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND, NULL));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    show_mounts("read-only");
    CALL(open("a/f", O_RDWR));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT, NULL));
    CALL(bind("a", "b"));
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOATIME, NULL));
    show_mounts("one of two");
    CALL(open("b/new", O_RDWR | O_CREAT, 0600));
    CALL(mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL));
    CALL(open("b/new", O_RDWR | O_CREAT, 0600));
    show_mounts("restrictions");
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
    show_mounts("times are kept");
    CALL(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME, NULL));
    show_mounts("strictly");
    CALL(umount("b"));
    CALL(umount("a"));

    puts("symbolic links");
    CALL(mount("x", "a", "tmpfs", MS_NOSYMFOLLOW, NULL));
    close(open("a/f", O_CREAT | O_RDWR, 0600));
    CALL(symlink("f", "a/l"));
    CALL(stat("a/l", &status));
    CALL(lstat("a/l", &status));
    CALL(open("a/l", O_RDONLY));
    show_mounts("nosymfollow");
    CALL(umount("a"));

    puts("pivot_root");
    CALL(pivot("a", "a"));
    CALL(pivot("nothing", "a"));
    CALL(pivot("f", "f"));
    CALL(tmpfs("a"));
    CALL(pivot("a", "b"));

    puts("removed");
    CALL(chdir("c"));
    CALL(rmdir("../c"));
    CALL(mount("x", ".", "tmpfs", 0, NULL));
    CALL(chdir(".."));
    CALL(tmpfs("d"));
    CALL(rmdir("d"));
    CALL(rename("d", "e"));
    CALL(umount("d"));
    CALL(rmdir("d"));

    puts("the same file system twice on one place");
    CALL(umount("a"));
    CALL(bind("a", "a"));
    CALL(bind("a", "a"));
    CALL(umount("a"));
    CALL(umount("a"));
    CALL(umount("a"));

    puts("an ordinary user");
    CALL(setuid(1000));
    CALL(mount("x", "a", "tmpfs", 0, NULL));
    CALL(mount("x", "nothing", "tmpfs", 0, NULL));
    CALL(umount("a"));
    CALL(umount("nothing"));
    CALL(pivot("a", "a"));
    CALL(unshare(CLONE_NEWNS));
    CALL(chroot("a"));
    END();
}
