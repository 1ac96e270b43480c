/*
 * The program's entry. Owns nothing; the commands live in files of their own beside this one.
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        return printf("invar version %s\n", INVAR_VERSION) < 0;
    }
    (void)fprintf(stderr, "usage: invar --version\n");
    return 1;
}
