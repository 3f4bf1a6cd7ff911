/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * replay: run one fuzzer over the files named on the command line, without a fuzzing engine.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		if (!file) {
			perror(argv[i]);
			return 2;
		}
		fseek(file, 0, SEEK_END);
		long size = ftell(file);
		rewind(file);
		uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
		size_t n = data && size > 0 ? fread(data, 1, (size_t)size, file) : 0;
		fclose(file);
		LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	return 0;
}
