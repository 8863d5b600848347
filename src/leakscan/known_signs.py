"""What tokens of the shipped rules that are on can be told by, encoded or not.

Made by tests/detect/known_signs.py of `leakscan.detect.encodings`, since finding it out takes
longer than looking at a commit; the tests compare.
"""

# fmt: off
# ruff: noqa: E501, Q000 - written as Python does it

PREFIXES: tuple[bytes, ...] = (b'r8_',)

COMMON: tuple[bytes, ...] = (
    b'r\\\n', b'_8r', b'r8_', b'r8"', b'r8=', b'UEsDB', b'"8_', b'cjhf', b'\\x72\\',
    b'=72=', b'r8\\', b"r8'", b'0072\\', b'H4sI', b"'8_", b'r\x1b[',
    b'r\x00\x00\x008\x00\x00\x00_', b'%72%38%5', b'yOF8', b'r8%5', b'162\\', b'I4X',
    b'114;&', b'r\xe2\x80', b'r\x008\x00_', b'r8\x1b', b'yOF9', b'r8&', b'72385',
    b'r8\xe2', b'72;&',
)
"""How they begin, plainly or in any encoding that people use."""

RARE: tuple[bytes, ...] = (
    b'\n8_', b'\nOF', b' 8_', b'72&', b'72=', b'72\\', b'>8_', b'I4\n', b'I4\r', b'I4\\',
    b'`8_', b'k0W', b'r8\n', b'r8\r', b'r8<', b'r8^', b'r8`', b'r8\xc2', b'r8\xef',
    b'r\\\r', b'r^\r', b'r\xc2\xad', b'r\xe2\x81', b'r\xef\xbb', b'\xa08_', b'\xad8_',
    b'\xbf8_', b'\tOF8', b'\tOF9', b'\n8=5', b' OF8', b' OF9', b'03Mj', b'045\\', b'060\\',
    b'061\\', b'067\\', b'075\\', b'0;8&', b'111\\', b'114&', b'114=', b'114\\', b'134\\',
    b'143\\', b'162&', b'162=', b'171\\', b'25;&', b'30;&', b'31;&', b'37;&', b'48;&',
    b'49;&', b'55;&', b'61;&', b'63;&', b'72%3', b'72;\\', b'73;&', b'78;&', b'79;&',
    b'=25=', b'=30=', b'=31=', b'=37=', b'=49=', b'=63=', b'=78=', b'=79=', b'E2Ml',
    b'JNFg', b'JNFh', b'NqaG', b'STRY', b'cyOy', b'lPRj', b'nOF8', b'nOF9', b'\n385F',
    b'\n385f', b'0008\\', b'0025\\', b'0030\\', b'0031\\', b'0037\\', b'0049\\', b'0063\\',
    b'0078\\', b'0079\\', b'106;&', b'114%3', b'114;\\', b'120;&', b'121;&', b'162%5',
    b'37323', b'3Mjsm', b'5T0Y4', b'5T0Y5', b'72 38', b'72-38', b'7238\n', b'7238\r',
    b'72:38', b'9NzI9', b'I\x004\x00X', b'MTYyX', b'NzI7J', b'PTcyP', b'SDRzS', b'Y2poZ',
    b'\\x25\\', b'\\x30\\', b'\\x31\\', b'\\x37\\', b'\\x49\\', b'\\x63\\', b'\\x78\\',
    b'\\x79\\', b'eU9GO', b'jamhm', b'x72%5', b'xNjJc', b'%46%38', b'%46%39', b'%68%66',
    b'0072%5', b'0x72,\t', b'0x72,\n', b'0x72,\r', b'1F8B08', b'1f8b08', b'253732',
    b'303037', b'313134', b'313632', b'3D3732', b'3MjM4N', b'3d3732', b'493458', b'504B03',
    b'504b03', b'5C7837', b'5c7837', b'636A68', b'636a68', b'72  38', b'720038', b'7238 5',
    b'794F46', b'794f46', b'AwNzJc', b'ExNDsm', b'IAOABf', b'MDA3Ml', b'MTE0Oy', b'NzIzOD',
    b'VUVzRE', b'XHg3Ml', b'\\x008\\', b'ceDcyX', b'cgA4AF', b'cyMzg1', b'wMDcyX',
    b'x4NzJc', b'xMTQ7J', b'yADgAX', b'0x72, \t', b'0x72, \n', b'0x72, \r', b'0x72,  ',
    b'1\x006\x002\x00\\', b'7\x002\x00;\x00&', b'=\x007\x002\x00=', b'\\u{72}\\',
    b'c\x00j\x00h\x00f', b'y\x00O\x00F\x008', b'y\x00O\x00F\x009', b'%37%32%3',
    b'%49%34%58', b'0\x000\x007\x002\x00\\', b'0x72,0x38', b'1\x001\x004\x00;\x00&',
    b'7\x002\x003\x008\x005', b'\\\x00x\x007\x002\x00\\', b'r%008%00_', b'r=008=00_',
    b'0x72, 0x38', b'JTcyJTM4JT', b'U3MiUzOCU1', b'lNzIlMzglN', b'r%008%00%5',
    b'r=008=00=5', b'%31%31%34%3', b'%31%36%32%5', b'%78%37%32%5', b'%2572%2538%255',
    b'%30%30%37%32%5', b'%72%00%38%00%5', b'%\x007\x002\x00%\x003\x008\x00%\x005',
    b'%25%37%32%25%33%38%25%35',
)
"""The same in what hardly anybody writes, such as base64 in base64."""

ENDS: tuple[bytes, ...] = (
    b'\n8_', b'\nOF', b' 8_', b'72&', b'72=', b'72\\', b'>8_', b'I4\n', b'I4\r', b'I4\\',
    b'`8_', b'k0W', b'r8\n', b'r8\r', b'r8<', b'r8^', b'r8`', b'r8\xc2', b'r8\xef',
    b'r\\\r', b'r^\r', b'r\xc2\xad', b'r\xe2\x81', b'r\xef\xbb', b'\xa08_', b'\xad8_',
    b'\xbf8_', b'\x004\x00X', b'\tOF8', b'\tOF9', b'\n8=5', b'  38', b' OF8', b' OF9',
    b'0038', b'008\\', b'025\\', b'030\\', b'031\\', b'037\\', b'03Mj', b'045\\', b'049\\',
    b'060\\', b'061\\', b'063\\', b'067\\', b'06;&', b'075\\', b'078\\', b'079\\', b'0;8&',
    b'111\\', b'114&', b'114=', b'114\\', b'134\\', b'14%3', b'143\\', b'14;\\', b'162&',
    b'162=', b'171\\', b'2 38', b'2-38', b'20;&', b'21;&', b'238\n', b'238\r', b'25;&',
    b'2:38', b'2poZ', b'3037', b'30;&', b'3134', b'31;&', b'3458', b'3632', b'3732',
    b'37;&', b'38 5', b'385F', b'385f', b'48;&', b'49;&', b'4B03', b'4F46', b'4b03',
    b'4f46', b'55;&', b'6%38', b'6%39', b'61;&', b'62%5', b'63;&', b'6A68', b'6a68',
    b'72%3', b'72%5', b'72,\t', b'72,\n', b'72,\r', b'72;\\', b'7323', b'73;&', b'7837',
    b'78;&', b'79;&', b'8%66', b'8B08', b'8b08', b'=25=', b'=30=', b'=31=', b'=37=',
    b'=49=', b'=63=', b'=78=', b'=79=', b'A3Ml', b'A4AF', b'DRzS', b'DcyX', b'DgAX',
    b'E0Oy', b'E2Ml', b'IzOD', b'JNFg', b'JNFh', b'Mjsm', b'Mzg1', b'NDsm', b'NjJc',
    b'NqaG', b'NzI9', b'NzJc', b'OABf', b'STRY', b'T0Y4', b'T0Y5', b'TQ7J', b'TYyX',
    b'TcyP', b'U9GO', b'VzRE', b'amhm', b'cyOy', b'g3Ml', b'jM4N', b'lPRj', b'nOF8',
    b'nOF9', b'x25\\', b'x30\\', b'x31\\', b'x37\\', b'x49\\', b'x63\\', b'x78\\',
    b'x79\\', b'zI7J', b'2\x00;\x00&', b'6\x002\x00\\', b'7\x002\x00=', b'72, \t',
    b'72, \n', b'72, \r', b'72,  ', b'O\x00F\x008', b'O\x00F\x009', b'j\x00h\x00f',
    b'{72}\\', b'\x003\x008\x005', b'\x004\x00;\x00&', b'\x007\x002\x00\\', b'%34%58',
    b'08%00_', b'08=00_', b'2,0x38', b'7%32%3', b'08%00%5', b'08=00=5', b'2, 0x38',
    b'IlMzglN', b'iUzOCU1', b'yJTM4JT', b'%31%34%3', b'%36%32%5', b'%37%32%5',
    b'00%38%00%5', b'2%2538%255', b'2\x00%\x003\x008\x00%\x005', b'37%32%25%33%38%25%35',
)
"""How these end, without the first bytes."""

LOOSE: tuple[bytes, ...] = (
    b'\n385F', b'\n385f', b'\n8_', b' 8_', b'"8_', b"'8_", b'0x72,\t', b'0x72,\n',
    b'0x72,\r', b'0x72, \t', b'0x72, \n', b'0x72, \r', b'0x72,  ', b'0x72,   ',
    b'0x72, 0x38', b'0x72,0x38', b'72  38', b'72 38', b'72 385', b'72-38', b'7238\n',
    b'7238\r', b'7238 5', b'72385', b'72:38', b'>8_', b'I4X', b'`8_', b'cjhf',
    b'r\x00\x00\x008\x00\x00\x00_', b'r\x008\x00_', b'r\x1b[', b'r8\n', b'r8\r', b'r8\x1b',
    b'r8"', b'r8%5', b'r8&', b"r8'", b'r8<', b'r8=', b'r8\\', b'r8^', b'r8_', b'r8`',
    b'r8\xc2', b'r8\xe2', b'r8\xef', b'r\\\n', b'r\\\r', b'r^\r', b'r\xc2\xad',
    b'r\xe2\x80', b'r\xe2\x81', b'r\xef\xbb', b'yOF8', b'yOF9', b'\xa08_', b'\xad8_',
    b'\xbf8_',
)
"""Those behind which a blank may stand."""

FREE: tuple[bytes, ...] = (
    b'_8r',
)
"""Those with which a token may begin or end, whatever stands on the other side."""

BESIDE: dict[bytes, tuple[bytes, bytes]] = {
    b'0008\\': (b'0U\\u', b''),
    b'0025\\': (b'0U\\u', b''),
    b'0030\\': (b'0U\\u', b''),
    b'0031\\': (b'0U\\u', b''),
    b'0037\\': (b'0U\\u', b''),
    b'0049\\': (b'0U\\u', b''),
    b'0063\\': (b'0U\\u', b''),
    b'0072\\': (b'0U\\u', b''),
    b'0078\\': (b'0U\\u', b''),
    b'0079\\': (b'0U\\u', b''),
    b'03Mj': (
        b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'01<=>\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'045\\': (b'0U\\u', b''),
    b'060\\': (b'0U\\u', b''),
    b'061\\': (b'0U\\u', b''),
    b'067\\': (b'0U\\u', b''),
    b'075\\': (b'0U\\u', b''),
    b'0;8&': (b'#0Xx', b''),
    b'106;&': (b'#0Xx', b''),
    b'111\\': (b'0U\\u', b''),
    b'114;&': (b'#0Xx', b''),
    b'120;&': (b'#0Xx', b''),
    b'121;&': (b'#0Xx', b''),
    b'134\\': (b'0U\\u', b''),
    b'143\\': (b'0U\\u', b''),
    b'162\\': (b'0U\\u', b''),
    b'171\\': (b'0U\\u', b''),
    b'25;&': (b'#0Xx', b''),
    b'30;&': (b'#0Xx', b''),
    b'31;&': (b'#0Xx', b''),
    b'37;&': (b'#0Xx', b''),
    b'3MjM4N': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>QRSTUVWX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'3Mjsm': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'48;&': (b'#0Xx', b''),
    b'49;&': (b'#0Xx', b''),
    b'55;&': (b'#0Xx', b''),
    b'5T0Y4': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'5T0Y5': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'61;&': (b'#0Xx', b''),
    b'63;&': (b'#0Xx', b''),
    b'72;&': (b'#0Xx', b''),
    b'73;&': (b'#0Xx', b''),
    b'78;&': (b'#0Xx', b''),
    b'79;&': (b'#0Xx', b''),
    b'9NzI9': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'AwNzJc': (b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'E2Ml': (
        b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>\\`mnwx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'ExNDsm': (b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'I4\n': (b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'I4\r': (b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'I4X': (
        b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'0123<=>\\`mnwxyz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'I4\\': (b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'IAOABf': (b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'JNFg': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'JNFh': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'JTcyJTM4JT': (b'', b'\t\n\r "\'<=>UV\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'MDA3Ml': (b'', b'\t\n\r "\'<=>\\`mnwx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'MTE0Oy': (b'', b'\t\n\r "\'<=>YZ\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'MTYyX': (b'', b'\t\n\r "\'<=>ABCDEFGH\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'NqaG': (
        b'\t\n\r "\'2<=>GW\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>YZ\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'NzI7J': (b'', b'\t\n\r "\'<=>\\`ghijklmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'NzIzOD': (b'', b'\t\n\r "\'<=>UV\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'PTcyP': (b'', b'\t\n\r "\'<=>QRSTUVWX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'U3MiUzOCU1': (b'\t\n\r "\'<=>CS\\`imny\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'XHg3Ml': (b'', b'\t\n\r "\'<=>\\`mnwx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'Y2poZ': (b'', b'\t\n\r "\'<=>\\`ghijklmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'ceDcyX': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>ABCDEFGH\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'cgA4AF': (b'', b'\t\n\r "\'89<=>\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef'),
    b'cyMzg1': (b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'cyOy': (
        b'\t\n\r "\'<=>DT\\`jmnz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>YZ\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'eU9GO': (
        b'',
        b'\t\n\r "\'<=>ABCDEFGHQRSTUVWX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'jamhm': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'k0W': (
        b'\t\n\r "\'0<=>EU\\`kmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>ABCDEFGH\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'lNzIlMzglN': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>QRSTUVWX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'lPRj': (
        b'\t\n\r "\'3<=>HX\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>\\`ghklmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'r\xe2\x80': (b'', b'\x8b\x8c\x8d\x8e\x8f\xaa\xab\xac\xad\xae'),
    b'r\xe2\x81': (b'', b'\xa0\xa1\xa2\xa3\xa4'),
    b'r\xef\xbb': (b'', b'\xbf'),
    b'wMDcyX': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>ABCDEFGH\\`mn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'x4NzJc': (b'\t\n\r "\'1<=>FV\\`lmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef', b''),
    b'xMTQ7J': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'<=>\\`ghijklmn\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'xNjJc': (
        b'\t\n\r "\'048<=>AEIMQUY\\`cgkmnosw\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'yADgAX': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'\t\n\r "\'0123<=>\\`mnwxyz\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
    ),
    b'yOF8': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
    b'yOF9': (
        b'\t\n\r "\'159<=>BFJNRVZ\\`dhlmnptx\x8b\x8c\x8d\x8e\x8f\xa0\xad\xbf\xc2\xe2\xef',
        b'',
    ),
}
"""Of some, the bytes of which one stands before, and one behind; none if any may."""

THEN: dict[bytes, tuple[bytes, tuple[bytes, ...]]] = {
    b'0x72,\t': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72,\n': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72,\r': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72, \t': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72, \n': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72, \r': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'0x72,  ': (b'\t\n\r ', (b'0X38', b'0x38')),
    b'114=': (b'\t\n\r ', (b'3', b'3B', b'3b', b';', b'=\n', b'=\r', b'=3B', b'=3b')),
    b'162=': (b'\t\n\r ', (b'5', b'5C', b'5c', b'=\n', b'=\r', b'=5C', b'=5c', b'\\')),
    b'r8\n': (
        b'\t\n\r #*/>|',
        (b'\x1b', b'"', b'%', b'&', b"'", b'<', b'=\n', b'=\r', b'=5F', b'=5f', b'\\', b'^', b'_', b'`', b'\xc2', b'\xe2', b'\xef'),
    ),
    b'r8\r': (
        b'\t\n\r #*/>|',
        (b'\x1b', b'"', b'%', b'&', b"'", b'<', b'=\n', b'=\r', b'=5F', b'=5f', b'\\', b'^', b'_', b'`', b'\xc2', b'\xe2', b'\xef'),
    ),
    b'r8=': (b'\t\n\r ', (b'5', b'5F', b'5f', b'=\n', b'=\r', b'=5F', b'=5f', b'_')),
    b'r\\\n': (
        b'\t\n\r #*/>|',
        (b'\x1b', b'"', b'%', b'&', b"'", b'8', b'<', b'=\n', b'=\r', b'=38', b'\\', b'^', b'`', b'\xc2', b'\xe2', b'\xef'),
    ),
    b'r\\\r': (
        b'\t\n\r #*/>|',
        (b'\x1b', b'"', b'%', b'&', b"'", b'8', b'<', b'=\n', b'=\r', b'=38', b'\\', b'^', b'`', b'\xc2', b'\xe2', b'\xef'),
    ),
    b'r^\r': (
        b'\t\n\r #*/>|',
        (b'\x1b', b'"', b'%', b'&', b"'", b'8', b'<', b'=\n', b'=\r', b'=38', b'\\', b'^', b'`', b'\xc2', b'\xe2', b'\xef'),
    ),
}
"""Of some, bytes to pass over behind them, and how what follows these begins."""
