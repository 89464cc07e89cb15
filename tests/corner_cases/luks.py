"""The first bytes of a LUKS device, written from the format's specification."""
import hashlib
import json
import struct

MAGIC = b"LUKS\xba\xbe"
HEADER_SIZE = 16384  # of one of the two copies
JSON_AT = 4096


def _field(text, size):
    return text.encode().ljust(size, b"\0")


def luks1(uuid, cipher="aes-xts-plain64", key_bits=512):
    """Table 1 of the LUKS1 specification; cipher as cryptsetup prints it: NAME-MODE."""
    name, mode = cipher.split("-", 1)
    header = struct.pack(">6sH32s32s32sII20s32sI40s", MAGIC, 1, _field(name, 32),
                         _field(mode, 32), _field("sha256", 32), 4096, key_bits // 8,
                         b"\x11" * 20, b"\x22" * 32, 100000, _field(uuid, 40))
    return header.ljust(JSON_AT, b"\0")


def _crypt_segment(cipher):
    return {"type": "crypt", "offset": "16777216", "size": "dynamic", "iv_tweak": "0",
            "encryption": cipher, "sector_size": 512}


def _key_slot(key_bits):
    return {"type": "luks2", "key_size": key_bits // 8,
            "af": {"type": "luks1", "stripes": 4000, "hash": "sha256"},
            "area": {"type": "raw", "offset": "32768", "size": "258048",
                     "encryption": "aes-xts-plain64", "key_size": 64},
            "kdf": {"type": "argon2id", "time": 4, "memory": 1048576, "cpus": 4, "salt": "AAAA"}}


def luks2(uuid, cipher="aes-xts-plain64", key_bits=512, segments=(), tokens=(), requirements=(),
          subsystem="", damaged=False):
    """Sections 2.1 and 3 of the LUKS2 specification. segments: instead of one with the cipher."""
    metadata = {
        "keyslots": {"0": _key_slot(key_bits)},
        "tokens": {str(i): token for i, token in enumerate(tokens)},
        "segments": {str(i): segment
                     for i, segment in enumerate(segments or [_crypt_segment(cipher)])},
        "digests": {},
        "config": {"json_size": str(HEADER_SIZE - JSON_AT), "keyslots_size": "16744448"},
    }
    if requirements:
        metadata["config"]["requirements"] = {"mandatory": list(requirements)}
    text = json.dumps(metadata).encode().ljust(HEADER_SIZE - JSON_AT, b"\0")

    def binary(checksum):
        return struct.pack(">6sHQQ48s32s64s40s48sQ184x64s3584x", MAGIC, 2, HEADER_SIZE, 4, b"",
                           _field("sha256", 32), b"\x33" * 64, _field(uuid, 40),
                           _field(subsystem, 48), 0, checksum)

    checksum = hashlib.sha256(binary(b"") + text).digest()
    header = binary(checksum if not damaged else b"\x44" * 32) + text
    return header + header.replace(MAGIC, b"SKUL\xba\xbe", 1)
