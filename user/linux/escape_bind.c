/* A directory bound into itself: no endless tree, no way around what covers it, and `..` goes by the way one came. */
#include "mounts.h"

static int seen(const char *path) { return access(path, F_OK) == 0; }

int main(void) {
    playground();
    dirs("jail jail/in jail/in/up");
    close(open("secret", O_CREAT | O_RDWR, 0600));
    close(open("jail/marker", O_CREAT | O_RDWR, 0600));
    CALL(bind("jail", "jail/in/up"));
    CHECK(seen("jail/in/up/marker"));
    CHECK(seen("jail/in/up/in/up"));
    CHECK(!seen("jail/in/up/in/up/marker"));
    CHECK(!seen("jail/in/up/../secret"));
    CHECK(seen("jail/in/up/../../marker"));
    CHECK(seen("jail/in/up/in/../marker"));
    CALL(rbind("jail", "jail/in/up/in/up"));
    CHECK(seen("jail/in/up/in/up/marker"));
    CHECK(seen("jail/in/up/in/up/in/up/marker"));
    CHECK(!seen("jail/in/up/in/up/in/up/in/up/marker"));
    show_mounts("mounts");
    /* From a root inside, the parent that was bound is what was bound, no more. */
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        CALL(chroot("jail/in"));
        CALL(chdir("/up"));
        CHECK(seen("marker"));
        CHECK(!seen("../secret"));
        CHECK(!seen("/up/../../secret"));
        CHECK(!seen("/up/../../marker"));
        CALL(chdir("in/.."));
        CHECK(seen("marker"));
        CALL(chdir("../../.."));
        CHECK(seen("up/marker"));
        CHECK(!seen("secret"));
        _exit(failures);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    /* What a mount covers is not seen through a copy without it: an ordinary bind shows what lies below, on purpose. */
    CALL(tmpfs("jail/in"));
    CHECK(!seen("jail/in/up"));
    CALL(mkdir("plain", 0755));
    CALL(bind("jail", "plain"));
    CHECK(seen("plain/in/up"));
    CALL(umount("plain"));
    CALL(rbind("jail", "plain"));
    CHECK(!seen("plain/in/up"));
    CALL(umount2("plain", MNT_DETACH));
    CALL(move("jail/in", "jail/in"));
    CALL(umount2("jail/in", MNT_DETACH));
    show_mounts("after it");
    END();
}
