/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/command.h"

int main(int argc UNUSED, char **argv)
{
	return command_main(argv);
}
