/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/library.h"

#include <dlfcn.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int load(struct library *library, struct err *err)
{
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, -ENOENT, "%s is not installed", library->file);
	for (size_t i = 0; library->names[i]; i++) {
		library->functions[i] = dlsym(handle, library->names[i]);
		if (!library->functions[i])
			return err_set(err, -ENOSYS, "%s has no %s", library->file, library->names[i]);
	}
	library->ready = true;
	return 0;
}

int library_load(struct library *library, struct err *err)
{
	pthread_mutex_lock(&lock);
	int r = library->ready ? 0 : load(library, err);
	pthread_mutex_unlock(&lock);
	return r;
}

void library_keep(const char *const *files)
{
	for (; *files; files++)
		if (!dlopen(*files, RTLD_LAZY | RTLD_LOCAL))
			(void)dlerror();
}
