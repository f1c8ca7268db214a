#!/bin/sh
# Runs a linker's command line and shows what it says but for one thing: glibc's warning that look-ups of names and plug-ins want the
# shared libraries of the machine. A service looks up no name and loads no plug-in; gRPC, c-ares and OpenSSL could, and libwebsockets looks up
# users to become one, which nobody asks of it. Any other
# function that glibc warns of is still reported.
known="dlopen|getaddrinfo|gethostbyname|getservbyname|getservbyport_r|get(gr|pw)(gid|nam|uid)|initgroups"
said=$("$@" 2>&1)
status=$?
[ -z "$said" ] || printf '%s\n' "$said" |
  sed -E "/: in function \`/{N;/warning: Using '($known)' in statically linked applications/d;};/warning: Using '($known)' in stat/d"
exit $status
