/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The keywords of sshd_config(5): how each is read, and its default in OpenSSH 9.2 as Debian 12 builds it
 * (`sshd -T -f` of an empty file).
 */
#ifndef WARD_FACT_TABLES_SSHD_KEYWORDS_H
#define WARD_FACT_TABLES_SSHD_KEYWORDS_H

enum keyword_kind {
	SSHD_WORD,       /* one argument */
	SSHD_CHOICE,     /* one of `words`, lower case */
	SSHD_UPPER,      /* one argument, in capitals */
	SSHD_TIME,       /* seconds, or "none" */
	SSHD_ALGORITHMS, /* a list that may change the default by a leading + - ^ */
	SSHD_LINE,       /* all arguments, one blank between them; the first line counts */
	SSHD_RAW,        /* the rest of the line as it stands */
	SSHD_EACH,       /* each argument of each line */
	SSHD_EACH_FIRST, /* each argument of the first line */
	SSHD_EVERY,      /* each line */
	SSHD_IGNORED,    /* no longer means anything */
	SSHD_INCLUDE,
	SSHD_MATCH_BLOCK,
};

/* For which versions the default is known. */
enum keyword_known {
	KNOWN_ALWAYS, /* has not changed for long */
	KNOWN_77,     /* Debian's builds of 7.7 to 9.x */
	KNOWN_88,     /* Debian's builds of 8.8 to 9.8 */
	KNOWN_92,     /* Debian's build of 9.2 */
};

struct keyword {
	const char *name;
	enum keyword_kind kind;
	bool in_match;           /* may stand in a Match block */
	const char *otherwise;   /* the default; NULL: none */
	const char *words;       /* of SSHD_CHOICE */
	enum keyword_known known;
};

#define YES_NO "yes no"
#define FORWARDING "yes no all local remote"
#define MAC_LIST                                                                                             \
	"umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"                    \
	"hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"  \
	"hmac-sha2-256,hmac-sha2-512,hmac-sha1"
#define CIPHER_LIST                                                                                          \
	"chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"             \
	"aes256-gcm@openssh.com"
#define KEX_LIST                                                                                             \
	"sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,"                       \
	"curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"             \
	"diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"  \
	"diffie-hellman-group14-sha256"
#define CA_LIST                                                                                              \
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"                           \
	"sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"
#define KEY_LIST                                                                                             \
	"ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,"                         \
	"ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,"                 \
	"sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,"                   \
	"rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com," CA_LIST
#define GSS_LIST                                                                                             \
	"gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,gss-curve25519-sha256-,"               \
	"gss-group14-sha1-,gss-gex-sha1-"

static const struct keyword sshd_keywords[] = {
	{ "port", SSHD_EVERY, false, "22" },
	{ "addressfamily", SSHD_CHOICE, false, "any", "any inet inet6" },
	{ "listenaddress", SSHD_EVERY, false, NULL },
	{ "usepam", SSHD_CHOICE, false, "no", YES_NO },
	{ "logingracetime", SSHD_TIME, false, "120" },
	{ "x11displayoffset", SSHD_WORD, true, "10" },
	{ "maxauthtries", SSHD_WORD, true, "6" },
	{ "maxsessions", SSHD_WORD, true, "10" },
	{ "clientaliveinterval", SSHD_TIME, true, "0" },
	{ "clientalivecountmax", SSHD_WORD, true, "3" },
	{ "requiredrsasize", SSHD_WORD, true, "1024", NULL, KNOWN_92 },
	{ "streamlocalbindmask", SSHD_WORD, true, "0177" },
	{ "unusedconnectiontimeout", SSHD_TIME, true, "none", NULL, KNOWN_92 },
	{ "channeltimeout", SSHD_LINE, true, NULL },
	{ "permitrootlogin", SSHD_CHOICE, true, "prohibit-password",
	  "yes no prohibit-password without-password forced-commands-only" },
	{ "ignorerhosts", SSHD_CHOICE, false, "yes", "yes no shosts-only" },
	{ "ignoreuserknownhosts", SSHD_CHOICE, false, "no", YES_NO },
	{ "hostbasedauthentication", SSHD_CHOICE, true, "no", YES_NO },
	{ "hostbasedusesnamefrompacketonly", SSHD_CHOICE, true, "no", YES_NO },
	{ "pubkeyauthentication", SSHD_CHOICE, true, "yes", YES_NO },
	{ "kerberosauthentication", SSHD_CHOICE, true, "no", YES_NO },
	{ "kerberosorlocalpasswd", SSHD_CHOICE, false, "yes", YES_NO },
	{ "kerberosticketcleanup", SSHD_CHOICE, false, "yes", YES_NO },
	{ "kerberosgetafstoken", SSHD_CHOICE, false, NULL, YES_NO },
	{ "gssapiauthentication", SSHD_CHOICE, true, "no", YES_NO },
	{ "gssapicleanupcredentials", SSHD_CHOICE, false, "yes", YES_NO },
	{ "gssapikeyexchange", SSHD_CHOICE, false, "no", YES_NO },
	{ "gssapistrictacceptorcheck", SSHD_CHOICE, false, "yes", YES_NO },
	{ "gssapistorecredentialsonrekey", SSHD_CHOICE, false, "no", YES_NO },
	{ "gssapikexalgorithms", SSHD_WORD, false, GSS_LIST, NULL, KNOWN_92 },
	{ "passwordauthentication", SSHD_CHOICE, true, "yes", YES_NO },
	{ "kbdinteractiveauthentication", SSHD_CHOICE, true, "yes", YES_NO },
	{ "printmotd", SSHD_CHOICE, false, "yes", YES_NO },
	{ "printlastlog", SSHD_CHOICE, false, "yes", YES_NO },
	{ "x11forwarding", SSHD_CHOICE, true, "no", YES_NO },
	{ "x11uselocalhost", SSHD_CHOICE, true, "yes", YES_NO },
	{ "permittty", SSHD_CHOICE, true, "yes", YES_NO },
	{ "permituserrc", SSHD_CHOICE, true, "yes", YES_NO },
	{ "strictmodes", SSHD_CHOICE, false, "yes", YES_NO },
	{ "tcpkeepalive", SSHD_CHOICE, false, "yes", YES_NO },
	{ "permitemptypasswords", SSHD_CHOICE, true, "no", YES_NO },
	{ "compression", SSHD_CHOICE, false, "yes", "yes no delayed" },
	{ "gatewayports", SSHD_CHOICE, true, "no", "yes no clientspecified" },
	{ "usedns", SSHD_CHOICE, false, "no", YES_NO },
	{ "allowtcpforwarding", SSHD_CHOICE, true, "yes", FORWARDING },
	{ "allowagentforwarding", SSHD_CHOICE, true, "yes", YES_NO },
	{ "disableforwarding", SSHD_CHOICE, true, "no", YES_NO },
	{ "allowstreamlocalforwarding", SSHD_CHOICE, true, "yes", FORWARDING },
	{ "streamlocalbindunlink", SSHD_CHOICE, true, "no", YES_NO },
	{ "fingerprinthash", SSHD_UPPER, false, "SHA256" },
	{ "exposeauthinfo", SSHD_CHOICE, true, "no", YES_NO },
	{ "pidfile", SSHD_WORD, false, "/run/sshd.pid" },
	{ "modulifile", SSHD_WORD, false, "/etc/ssh/moduli" },
	{ "xauthlocation", SSHD_WORD, false, "/usr/bin/xauth" },
	{ "ciphers", SSHD_ALGORITHMS, false, CIPHER_LIST, NULL, KNOWN_77 },
	{ "macs", SSHD_ALGORITHMS, false, MAC_LIST, NULL, KNOWN_77 },
	{ "banner", SSHD_WORD, true, "none" },
	{ "forcecommand", SSHD_RAW, true, "none" },
	{ "chrootdirectory", SSHD_WORD, true, "none" },
	{ "trustedusercakeys", SSHD_WORD, true, "none" },
	{ "revokedkeys", SSHD_WORD, true, "none" },
	{ "securitykeyprovider", SSHD_WORD, false, "internal" },
	{ "authorizedprincipalsfile", SSHD_WORD, true, "none" },
	{ "versionaddendum", SSHD_RAW, false, "none" },
	{ "authorizedkeyscommand", SSHD_RAW, true, "none" },
	{ "authorizedkeyscommanduser", SSHD_WORD, true, "none" },
	{ "authorizedprincipalscommand", SSHD_RAW, true, "none" },
	{ "authorizedprincipalscommanduser", SSHD_WORD, true, "none" },
	{ "hostkeyagent", SSHD_WORD, false, "none" },
	{ "kexalgorithms", SSHD_ALGORITHMS, false, KEX_LIST, NULL, KNOWN_92 },
	{ "casignaturealgorithms", SSHD_ALGORITHMS, true, CA_LIST, NULL, KNOWN_88 },
	{ "hostbasedacceptedalgorithms", SSHD_ALGORITHMS, true, KEY_LIST, NULL, KNOWN_88 },
	{ "hostkeyalgorithms", SSHD_ALGORITHMS, false, KEY_LIST, NULL, KNOWN_88 },
	{ "pubkeyacceptedalgorithms", SSHD_ALGORITHMS, true, KEY_LIST, NULL, KNOWN_88 },
	{ "loglevel", SSHD_UPPER, true, "INFO" },
	{ "logverbose", SSHD_LINE, true, NULL },
	{ "syslogfacility", SSHD_UPPER, false, "AUTH" },
	{ "authorizedkeysfile", SSHD_LINE, true, ".ssh/authorized_keys .ssh/authorized_keys2" },
	{ "hostkey", SSHD_EVERY, false, NULL },
	{ "hostcertificate", SSHD_EVERY, false, NULL },
	{ "acceptenv", SSHD_EACH, true, NULL },
	{ "setenv", SSHD_EACH_FIRST, true, NULL },
	{ "allowusers", SSHD_EACH, true, NULL },
	{ "denyusers", SSHD_EACH, true, NULL },
	{ "allowgroups", SSHD_EACH, true, NULL },
	{ "denygroups", SSHD_EACH, true, NULL },
	{ "authenticationmethods", SSHD_LINE, true, "any" },
	{ "subsystem", SSHD_EVERY, true, NULL },
	{ "maxstartups", SSHD_WORD, false, "10:30:100" },
	{ "persourcemaxstartups", SSHD_WORD, false, "none" },
	{ "persourcenetblocksize", SSHD_WORD, false, "32:128" },
	{ "persourcepenalties", SSHD_LINE, false, NULL },
	{ "persourcepenaltyexemptlist", SSHD_WORD, false, NULL },
	{ "permittunnel", SSHD_CHOICE, true, "no", "yes no point-to-point ethernet" },
	{ "ipqos", SSHD_LINE, true, "lowdelay throughput", NULL, KNOWN_88 },
	{ "rekeylimit", SSHD_LINE, true, "0 0" },
	{ "permitopen", SSHD_LINE, true, "any" },
	{ "permitlisten", SSHD_LINE, true, "any" },
	{ "permituserenvironment", SSHD_WORD, false, "no" },
	{ "pubkeyauthoptions", SSHD_LINE, true, "none" },
	{ "debianbanner", SSHD_CHOICE, false, NULL, YES_NO },
	{ "refuseconnection", SSHD_CHOICE, true, NULL, YES_NO },
	{ "sshdsessionpath", SSHD_WORD, false, NULL },
	{ "gssapienablek5users", SSHD_CHOICE, true, NULL, YES_NO },
	{ "gssapiindicators", SSHD_LINE, true, NULL },
	{ "kerberosuniqueccache", SSHD_CHOICE, false, NULL, YES_NO },
	{ "kerberosusekuserok", SSHD_CHOICE, true, NULL, YES_NO },
	{ "rdomain", SSHD_WORD, true, NULL },
	{ "rsaminsize", SSHD_WORD, true, NULL },
	{ "protocol", SSHD_IGNORED, false, NULL },
	{ "serverkeybits", SSHD_IGNORED, false, NULL },
	{ "keyregenerationinterval", SSHD_IGNORED, false, NULL },
	{ "rhostsauthentication", SSHD_IGNORED, false, NULL },
	{ "rhostsrsaauthentication", SSHD_IGNORED, true, NULL },
	{ "rsaauthentication", SSHD_IGNORED, true, NULL },
	{ "kerberostgtpassing", SSHD_IGNORED, false, NULL },
	{ "afstokenpassing", SSHD_IGNORED, false, NULL },
	{ "checkmail", SSHD_IGNORED, false, NULL },
	{ "uselogin", SSHD_IGNORED, false, NULL },
	{ "useprivilegeseparation", SSHD_IGNORED, false, NULL },
	{ "authorizedkeysfile2", SSHD_IGNORED, true, NULL },
	{ "verifyreversemapping", SSHD_IGNORED, false, NULL },
	{ "reversemappingcheck", SSHD_IGNORED, false, NULL },
	{ "permitblacklistedkeys", SSHD_IGNORED, false, NULL },
	{ "showpatchlevel", SSHD_IGNORED, false, NULL },
	{ "include", SSHD_INCLUDE, true, NULL },
	{ "match", SSHD_MATCH_BLOCK, true, NULL },
};

/* Old names. */
static const char *const sshd_aliases[][2] = {
	{ "challengeresponseauthentication", "kbdinteractiveauthentication" },
	{ "skeyauthentication", "kbdinteractiveauthentication" },
	{ "hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms" },
	{ "pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms" },
	{ "dsaauthentication", "pubkeyauthentication" },
	{ "hostdsakey", "hostkey" },
	{ "keepalive", "tcpkeepalive" },
	{ "gssapicleanupcreds", "gssapicleanupcredentials" },
};

#endif
