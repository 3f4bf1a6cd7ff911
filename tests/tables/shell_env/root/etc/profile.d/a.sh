readonly HISTSIZE=5000
declare -rx HISTFILESIZE='2 000'
HISTCONTROL=ignore\
dups LD_PRELOAD=$(echo a b)
