"""What tokens of the shipped rules that are on can be told by, encoded or not.

Made by tests/detect/known_signs.py of `leakscan.detect.encodings`, since finding it out takes longer
than looking at a commit; the tests compare.
"""

# fmt: off

PREFIXES: tuple[bytes, ...] = (b'r8_',)

COMMON: tuple[bytes, ...] = (
    b'"8_', b"'8_", b'I4X', b'_8r', b'r\x1b[', b'r8\x1b', b'r8"', b'r8&', b"r8'", b'r8=',
    b'r8\\', b'r8_', b'r8\xe2', b'r\\\n', b'r\xe2\x80', b'yOF', b'162\\', b'72;&', b'=72=',
    b'H4sI', b'cjhf', b'r8%5', b'0072\\', b'0x72,', b'114;&', b'72 38', b'72385', b'UEsDB',
    b'\\x72\\', b'r\x008\x00_', b'%72%38%5', b'r\x00\x00\x008\x00\x00\x00_',
)
"""How they begin, plainly or in any encoding that people use."""

RARE: tuple[bytes, ...] = (
    b'\n8_', b'&8r', b'5T0', b'72&', b'72=', b'72\\', b'84c', b'=8r', b'>8_', b'FOy',
    b'I4J', b'I4P', b'JNF', b'X4I', b'\\8r', b'`8_', b'fOH', b'k0W', b'lPR', b'r8\n',
    b'r8<', b'r8^', b'r8`', b'r8\xc2', b'r8\xef', b'r\\\r', b'r^\r', b'r\xc2\xad',
    b'r\xe2\x81', b'r\xef\xbb', b'yOC', b'yOD', b'\n8=5', b'&;27', b'03Mj', b'045\\',
    b'060\\', b'061\\', b'067\\', b'075\\', b'0;8&', b'110\\', b'111\\', b'114&', b'114=',
    b'114\\', b'125\\', b'134\\', b'137\\', b'143\\', b'162&', b'162=', b'171\\', b'25;&',
    b'30;&', b'31;&', b'37;&', b'38;&', b'48;&', b'49;&', b'5%8r', b'55;&', b'61;&',
    b'63;&', b'72%3', b'72;\\', b'73;&', b'78;&', b'79;&', b'95;&', b'=25=', b'=27=',
    b'=30=', b'=31=', b'=37=', b'=38=', b'=48=', b'=49=', b'=55=', b'=63=', b'=78=',
    b'=79=', b'E2Ml', b'Is4H', b'NqaG', b'STRY', b'Xzhy', b'\\261', b'cjg9', b'cjgm',
    b'cjhc', b'cyOy', b'eU9G', b'fhjc', b'g0c0', b'r8%3', b'\n385F', b'\n385f', b'%5F8r',
    b'%5f8r', b'%79%4', b'&;411', b',27x0', b'0008\\', b'0025\\', b'0030\\', b'0031\\',
    b'0037\\', b'0038\\', b'0048\\', b'0049\\', b'0055\\', b'0063\\', b'0078\\', b'0079\\',
    b'0x25,', b'0x30,', b'0x31,', b'0x37,', b'0x3D,', b'0x3d,', b'0x48,', b'0x49,',
    b'0x55,', b'0x5C,', b'0x5F,', b'0x5c,', b'0x5f,', b'0x63,', b'0x79,', b'106;&',
    b'114%3', b'114;\\', b'115;&', b'120;&', b'121;&', b'1378r', b'162%5', b'25 37',
    b'30 30', b'30 78', b'31 31', b'31 36', b'37 32', b'37323', b'3D 37', b'3Mjsm',
    b'3d 37', b'48 34', b'49 34', b'55 45', b'58327', b'5C 78', b'5F 38', b'5F;8r',
    b'5c 78', b'5f 38', b'5f;8r', b'63 6A', b'63 6a', b'72 00', b'72-38', b'7238\n',
    b'7238\r', b'72383', b'72:38', b'79 4F', b'79 4f', b'83 27', b'95;8r', b'9NzI9',
    b'=5F8r', b'=5f8r', b'BDsEU', b'I\x004\x00X', b'INHNJ', b'MTYyX', b'NzI7J', b'PTcyP',
    b'SDRzS', b'Y2poZ', b'\\2700', b'\\27x\\', b'\\x25\\', b'\\x30\\', b'\\x31\\',
    b'\\x37\\', b'\\x38\\', b'\\x48\\', b'\\x49\\', b'\\x55\\', b'\\x63\\', b'\\x78\\',
    b'\\x79\\', b'_\x008\x00r', b'cjglN', b'jamhm', b'r\x008\x00&', b'r\x008\x00=',
    b'r\x008\x00\\', b'r8%26', b'x72%5', b'xNjJc', b'y\x00O\x00F', b'%38%72', b'%68%66',
    b'005F8r', b'005f8r', b'0072%5', b'0x72%2', b'1F8B08', b'1f8b08', b'253732', b'303037',
    b'307837', b'313134', b'313632', b'373220', b'3D3732', b'3MiAzO', b'3MjM4N', b'3d3732',
    b'483473', b'493458', b'504B03', b'504b03', b'554573', b'5C7837', b'5F3872', b'5c7837',
    b'5f3872', b'636A68', b'636a68', b'72  38', b'720000', b'720038', b'7238 5', b'723825',
    b'723826', b'794F46', b'794f46', b'AwNzJc', b'B4NzIs', b'ExNDsm', b'IAOABf', b'MDA3Ml',
    b'MHg3Mi', b'MTE0Oy', b'NzIgMz', b'NzIzOD', b'VFc0RC', b'VRXNEQ', b'VUVzRE', b'XHg3Ml',
    b'\\x008\\', b'\\x5F8r', b'\\x5f8r', b'ceDcyX', b'cgA4AF', b'cyIDM4', b'cyMzg1',
    b'r8%255', b'wMDcyX', b'weDcyL', b'x4NzJc', b'xMTQ7J', b'yADgAX', b'1\x006\x002\x00\\',
    b'7\x002\x00;\x00&', b'72%2038', b'=\x007\x002\x00=', b'H\x004\x00s\x00I',
    b'\\u{72}\\', b'c\x00j\x00h\x00f', b'r\x008\x00%\x005', b'%37%32%3', b'5%83%27%',
    b'%49%34%58', b'0\x000\x007\x002\x00\\', b'0\x00x\x007\x002\x00,',
    b'1\x001\x004\x00;\x00&', b'7\x002\x00 \x003\x008', b'7\x002\x003\x008\x005',
    b'I\x00\x00\x004\x00\x00\x00X', b'U\x00E\x00s\x00D\x00B', b'\\\x00x\x007\x002\x00\\',
    b'_\x00\x00\x008\x00\x00\x00r', b'r\x00\x00\x008\x00\x00\x00&',
    b'r\x00\x00\x008\x00\x00\x00=', b'r\x00\x00\x008\x00\x00\x00\\', b'r%008%00_',
    b'r=008=00_', b'y\x00\x00\x00O\x00\x00\x00F', b'JTcyJTM4JT', b'U3MiUzOCU1',
    b'lNzIlMzglN', b'r%008%00%5', b'r=008=00=5', b'%31%31%34%3', b'%31%36%32%5',
    b'%78%37%32%5', b'IAAAA4AAAAX', b'yAAAAOAAAAF', b'%48%34%73%49', b'cgAAADgAAABf',
    b'1\x00\x00\x006\x00\x00\x002\x00\x00\x00\\',
    b'7\x00\x00\x002\x00\x00\x00;\x00\x00\x00&',
    b'=\x00\x00\x007\x00\x00\x002\x00\x00\x00=',
    b'H\x00\x00\x004\x00\x00\x00s\x00\x00\x00I',
    b'c\x00\x00\x00j\x00\x00\x00h\x00\x00\x00f',
    b'r\x00\x00\x008\x00\x00\x00%\x00\x00\x005', b'%2572%2538%255', b'%30%30%37%32%5',
    b'%30%78%37%32%2', b'%72%00%38%00%5', b'%\x007\x002\x00%\x003\x008\x00%\x005',
    b'%37%32%20%33%38', b'%55%45%73%44%42',
    b'0\x00\x00\x000\x00\x00\x007\x00\x00\x002\x00\x00\x00\\',
    b'0\x00\x00\x00x\x00\x00\x007\x00\x00\x002\x00\x00\x00,',
    b'1\x00\x00\x001\x00\x00\x004\x00\x00\x00;\x00\x00\x00&',
    b'7\x00\x00\x002\x00\x00\x00 \x00\x00\x003\x00\x00\x008',
    b'7\x00\x00\x002\x00\x00\x003\x00\x00\x008\x00\x00\x005',
    b'U\x00\x00\x00E\x00\x00\x00s\x00\x00\x00D\x00\x00\x00B',
    b'\\\x00\x00\x00x\x00\x00\x007\x00\x00\x002\x00\x00\x00\\',
    b'r\x00\x00\x00\x00\x00\x00\x008\x00\x00\x00\x00\x00\x00\x00_',
    b'r%00%00%008%00%00%00_', b'r=00=00=008=00=00=00_', b'r%00%00%008%00%00%00%5',
    b'r=00=00=008=00=00=00=5', b'%25%37%32%25%33%38%25%35', b'%72%00%00%00%38%00%00%00%5',
    b'%\x00\x00\x007\x00\x00\x002\x00\x00\x00%\x00\x00\x003\x00\x00\x008\x00\x00\x00%\x00\x00\x005',
    b'r\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x008\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00_',
)
"""The same in what hardly anybody does, such as an encoding in another."""
