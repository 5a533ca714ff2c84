/* No way up from a root that pivot_root made, once the old one is gone: neither by names, nor by descriptors that were
 * closed, nor by a second root inside. */
#include "mounts.h"

static int seen(const char *path) { return access(path, F_OK) == 0; }
static int pivot(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }

int main(void) {
    playground();
    close(open("secret", O_CREAT | O_RDWR, 0600));
    char outside[PATH_MAX];
    snprintf(outside, sizeof outside, "%s/secret", base);
    dirs("root jail");
    /* The first root of all cannot be left on Linux: a second one is laid over it. */
    CALL(tmpfs("root"));
    CALL(mkdir("root/old", 0755));
    CALL(chdir("root"));
    CALL(mount(".", "/", NULL, MS_MOVE, NULL));
    CALL(chroot("."));
    CALL(mkdir("/jail", 0755));
    CALL(tmpfs("/jail"));
    dirs("/jail/in /jail/old /jail/second");
    close(open("/secret", O_CREAT | O_RDWR, 0600));
    CALL(chdir("/jail"));
    CALL(pivot(".", "old"));
    CHECK(seen("/old/secret"));
    CALL(umount2("/old", MNT_DETACH));
    CHECK(!seen("/old/secret"));
    CHECK(!seen("/secret"));
    CHECK(!seen("/../secret"));
    CHECK(!seen("/../../../secret"));
    CHECK(!seen(outside));
    CHECK(!seen("../secret"));
    CALL(chdir("/in"));
    for (int i = 0; i < 20; i++)
        if (chdir("..")) perror("chdir");
    CHECK(!seen("secret"));
    CHECK(seen("second"));
    /* The way out of chroot ends at the view's own root. */
    CALL(chroot("/second"));
    CALL(chdir("../../../.."));
    CHECK(!seen("secret"));
    CHECK(seen("second"));
    CALL(chroot("."));
    CHECK(!seen("/../secret"));
    /* Nothing is left below what is mounted. */
    CALL(umount("/"));
    CALL(umount2("/", MNT_DETACH));
    CHECK(!seen("/secret"));
    CHECK(!seen("/../secret"));
    CHECK(!seen(outside));
    END();
}
