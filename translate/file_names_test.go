package translate_test

import "testing"

// TestDeviceNumbers: MAJOR, MINOR, MKDEV, usrdev2kerndev, ppos_pos of a position.
func TestDeviceNumbers(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "kernel", script: `probe begin { dev = MKDEV(8, 17); printf("%x %d %d\n", dev, MAJOR(dev), MINOR(dev)) }`, want: "800011 8 17\n"},
		{name: "wide", script: `probe begin { dev = MKDEV(4095, 1048575); printf("%x %d %d\n", dev, MAJOR(dev), MINOR(dev)) }`, want: "ffffffff 4095 1048575\n"},
		{name: "program", script: `probe begin { dev = usrdev2kerndev(0x12345678); printf("%d %d\n", MAJOR(dev), MINOR(dev)) }`, want: "1110 74616\n"},
	})
}

// TestFileNames: nfsderror, nfs3_cmode, nfs4_ctype, ftype, bio_rw_str, bio_rw_num, AF_INET, AF_INET6.
func TestFileNames(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "statuses", script: `probe begin { println(nfsderror(0), " ", nfsderror(2), " ", nfsderror(0x02000000), " ", nfsderror(10013), " ", nfsderror(0x1d270000), " ", nfsderror(3)) }`,
			want: "NFS_OK NFSERR_NOENT NFSERR_NOENT NFSERR_GRACE NFSERR_GRACE 3\n"},
		{name: "creation", script: `probe begin { println(nfs3_cmode(0), nfs3_cmode(2), nfs3_cmode(3), nfs4_ctype(1), nfs4_ctype(7), nfs4_ctype(8)) }`, want: "UNCHECKEDEXCLUSIVE3REGFIFO8\n"},
		{name: "types", script: `probe begin { println(ftype(0100644), ftype(040755), ftype(0120777), ftype(0)) }`, want: "REGDIRLNK0x0\n"},
		{name: "requests", script: `probe begin { println(bio_rw_str(0), bio_rw_str(3), bio_rw_num(BIO_WRITE), bio_rw_num(BIO_READ), AF_INET(), AF_INET6()) }`, want: "RW10210\n"},
	})
}
