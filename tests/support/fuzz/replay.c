/*
 * Stands in for libFuzzer where only the saved inputs are to be replayed: every file of the folders
 * given is one input, preceded by the empty one. Each input gets a block of exactly its size, so
 * that the sanitizer sees the first byte read past its end.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISREG(info.st_mode)) {
        (void)fclose(file);
        return 0;
    }
    size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size ? size : 1);
    int failed = !data || fread(data, 1, size, file) != size;
    if (failed) {
        perror(path);
    } else {
        (void)LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    (void)fclose(file);
    return failed;
}

static int replay_folder(const char *folder, size_t *count)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, NULL, alphasort);
    if (n < 0) {
        perror(folder);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        failed |= replay_file(path);
        *count += names[i]->d_name[0] != '.';
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    size_t count = 1;
    int failed = 0;
    if (LLVMFuzzerInitialize) {
        (void)LLVMFuzzerInitialize(&argc, &argv);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        failed |= replay_folder(argv[i], &count);
    }
    (void)printf("replayed %zu inputs\n", count);
    return failed;
}
