#!/bin/bash
# Makes the certificates of the scenarios and tests anew. They are worth nothing outside: every key lies beside its certificate.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem

key() { # NAME rsa|small-rsa|ec|ed25519
  case $2 in
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1-key.pem" ;;
    small-rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$1-key.pem" ;;
    ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1-key.pem" ;;
    ed25519) openssl genpkey -algorithm ed25519 -out "$1-key.pem" ;;
  esac 2>/dev/null
}

authority() { # NAME
  key "$1" ec
  openssl req -x509 -new -key "$1-key.pem" -sha256 -days 36500 -subj "/O=bun-sockets tests/CN=$1" -out "$1.pem" \
    -addext 'keyUsage=critical,keyCertSign,cRLSign'
}

leaf() { # NAME rsa|small-rsa|ec|ed25519 SUBJECT-ALT-NAMES USAGE
  key "$1" "$2"
  openssl req -new -key "$1-key.pem" -subj "/O=bun-sockets tests/CN=$1" |
    openssl x509 -req -CA authority.pem -CAkey authority-key.pem -set_serial "0x$(openssl rand -hex 8)" -sha256 -days 36500 \
      -extfile /dev/fd/3 -out "$1.pem" 3<<EXTENSIONS 2>/dev/null
basicConstraints=CA:FALSE
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=$4
${3:+subjectAltName=$3}
EXTENSIONS
}

here='DNS:localhost,IP:127.0.0.1,IP:::1'
authority authority
authority stranger
leaf server-rsa rsa "$here" serverAuth
leaf server-small-rsa small-rsa "$here" serverAuth
leaf server-ec ec "$here" serverAuth
leaf server-ed25519 ed25519 "$here" serverAuth
leaf elsewhere ec 'DNS:elsewhere.example' serverAuth
leaf client ec '' clientAuth

key self-signed ec
openssl req -x509 -new -key self-signed-key.pem -sha256 -days 36500 -subj '/CN=localhost' -addext "subjectAltName=$here" \
  -addext 'basicConstraints=critical,CA:FALSE' -out self-signed.pem

# Authorities with something wrong, or not what a root has, and what they have signed: `root-WHAT` and `below-WHAT`, which has the key of `server-ec`.
root() { # WHAT DAYS EXTENSIONS
  key "root-$1" ec
  openssl req -new -key "root-$1-key.pem" -subj "/CN=root $1" |
    openssl x509 -req -signkey "root-$1-key.pem" -sha256 -days "$2" -extfile <(printf '%b' "$3") -out "root-$1.pem" 2>/dev/null
}
below() { # WHAT ISSUER EXTENSIONS [COMMON-NAME KEY]
  openssl req -new -key "${5:-server-ec}-key.pem" -subj "/CN=${4:-localhost}" |
    openssl x509 -req -CA "$2.pem" -CAkey "$2-key.pem" -set_serial "0x$(openssl rand -hex 8)" -sha256 -days 36500 \
      -extfile <(printf '%b' "$3") -out "below-$1.pem" 2>/dev/null
}
root no-signing 36500 'basicConstraints=CA:TRUE\nkeyUsage=digitalSignature'
root no-authority 36500 'subjectAltName=DNS:root.example'
root short 36500 'basicConstraints=CA:TRUE,pathlen:0'
root critical 36500 'basicConstraints=CA:TRUE\n1.2.3.4=critical,ASN1:UTF8String:x'
root expired -1 'basicConstraints=CA:TRUE'
for what in no-signing no-authority short critical expired; do below "$what" "root-$what" "subjectAltName=$here"; done
# An authority between root and leaf, one that is none, and leaves below them.
key between ec
below between root-short 'basicConstraints=CA:TRUE' between between
below not-between authority 'basicConstraints=CA:FALSE' not-between between
for what in between not-between; do
  mv "below-$what.pem" "$what.pem"
  cp between-key.pem "$what-key.pem" 2>/dev/null || true
  below "$what" "$what" "subjectAltName=$here"
done
# A key that may not sign, and a self-signed certificate as it is made anew, with another key.
below encipherment authority "subjectAltName=$here\nkeyUsage=keyEncipherment"
key renewed ec
openssl req -x509 -new -key renewed-key.pem -sha256 -days 36500 -subj '/CN=localhost' -addext "subjectAltName=$here" \
  -addext 'basicConstraints=critical,CA:FALSE' -out renewed.pem
rm -f root-*-key.pem between-key.pem not-between-key.pem
