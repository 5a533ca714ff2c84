/* Permission checks by user, group and others; set-id bits; the sticky bit. */
#include "check.h"
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(void) {
    umask(0);
    int modes[] = { 0400, 0040, 0004, 0200, 0020, 0002 };
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        close(open(name, O_CREAT | O_RDWR, 0600));
        chmod(name, modes[i]);
        chown(name, 100, 200);
    }
    mkdir("sticky", 01777);
    chmod("sticky", 01777);
    close(open("sticky/root", O_CREAT | O_RDWR, 0666));
    mkdir("group", 0777);
    chown("group", 0, 300);
    chmod("group", 02777);
    chmod(".", 0777);
    close(open("suid", O_CREAT | O_RDWR, 0755));
    chmod("suid", 06755);
    chown("suid", 100, 200);
    struct stat status;
    stat("suid", &status);
    SHOW("after chown", "%o", status.st_mode & 07777);
    fflush(stdout);
    for (int who = 0; who < 3; who++) {
        if (fork() == 0) {
            setgroups(0, NULL);
            setgid(who == 1 ? 200 : 999);
            setuid(who == 0 ? 100 : 500);
            for (int i = 0; i < 6; i++) {
                char name[8];
                snprintf(name, sizeof name, "f%d", i);
                int read = open(name, O_RDONLY), write = open(name, O_WRONLY);
                SHOW("who", "%d %o %d %d %d", who, modes[i], read >= 0, write >= 0, access(name, W_OK));
                close(read);
                close(write);
            }
            CALL(unlink("sticky/root"));
            close(open("group/file", O_CREAT | O_RDWR, 0666));
            stat("group/file", &status);
            if (who == 0) SHOW("group", "%d", status.st_gid);
            CALL(chown("f0", 1, 1));
            CALL(chmod("f0", who == 0 ? 0400 : 0777));
            CALL(setuid(0));
            CALL(open("/etc/passwd", O_RDWR));
            CALL(mknod("device", S_IFCHR | 0600, 259));
            _exit(0);
        }
        wait(NULL);
    }
    END();
}
