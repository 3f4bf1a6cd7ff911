/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * start: libgcrypt, set up once in a process before its first use, whichever thread comes first.
 *
 * With a small pool of memory that is locked where the limits allow and wiped when it is given back, for
 * private keys.
 */
#ifndef WARD_CRYPTO_START_H
#define WARD_CRYPTO_START_H

void crypto_start(void);

#endif
