/* No way up from a changed root: `..`, absolute links, held descriptors that were given by nobody. And the one way that
 * chroot(2) has always had for the super-user: a directory outside that is still held. */
#include "mounts.h"

static int seen(const char *path) { return access(path, F_OK) == 0; }

int main(void) {
    playground();
    dirs("jail jail/in jail/in/deep jail/second");
    close(open("secret", O_CREAT | O_RDWR, 0600));
    CALL(symlink("/secret", "jail/absolute"));
    CALL(symlink("../../../../secret", "jail/in/relative"));
    char outside[PATH_MAX];
    snprintf(outside, sizeof outside, "%s/secret", base);
    int held = open(".", O_RDONLY | O_DIRECTORY);

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(held);
        CALL(chroot("jail"));
        CALL(chdir("/"));
        CHECK(!seen("/secret"));
        CHECK(!seen("/../secret"));
        CHECK(!seen("../../../secret"));
        CHECK(!seen("/in/deep/../../../secret"));
        CHECK(!seen("/absolute"));
        CHECK(!seen("/in/relative"));
        CHECK(!seen(outside));
        CALL(chdir("/in/deep"));
        for (int i = 0; i < 20; i++)
            if (chdir("..")) perror("chdir");
        CHECK(!seen("secret"));
        CHECK(seen("second"));
        int top = open("/..", O_PATH);
        CHECK(faccessat(top, "secret", F_OK, 0) != 0);
        CHECK(faccessat(top, "../secret", F_OK, 0) != 0);
        _exit(failures);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(status == 0);

    /* An ordinary user cannot change the root at all. */
    fflush(stdout);
    child = fork();
    if (child == 0) {
        CALL(chroot("jail"));
        CALL(chdir("/"));
        CALL(setuid(1000));
        CALL(chroot("second"));
        CHECK(!seen("../secret"));
        _exit(failures);
    }
    waitpid(child, &status, 0);
    CHECK(status == 0);

    /* The super-user leaves a changed root by a second one below it, or by what he held before: chroot(2) says so. It
     * is no jail; a view is. */
    fflush(stdout);
    child = fork();
    if (child == 0) {
        close(held);
        CALL(chroot("jail"));
        CALL(chroot("second"));
        SHOW("second root, directory above", "%d", seen("secret"));
        CALL(chdir("../.."));
        SHOW("after ..", "%d", seen("play/secret"));
        _exit(0);
    }
    waitpid(child, &status, 0);
    CALL(chroot("jail"));
    CALL(chdir("/"));
    CALL(fchdir(held));
    SHOW("through what is held", "%d", seen("secret"));
    END();
}
