package kernel

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// BTFData gives the kernel's raw BTF. Where only a compressed image is at hand it
// is taken out of that once and kept. A *UserError says that the kernel has no BTF
// or that nothing to read it from is at hand.
func (k *Kernel) BTFData() ([]byte, error) {
	if k.BTF != "" {
		return readBTF(k.BTF)
	}
	if k.Image == "" {
		return nil, &UserError{
			Message: "no BTF of kernel " + k.Release + " on this machine",
			Hint:    fmt.Sprintf("`%s` fetches the kernel's image, which carries it", k.Prep()),
		}
	}
	data, err := k.Kept("btf", func(vmlinux []byte) ([]byte, error) {
		file, err := elf.NewFile(bytes.NewReader(vmlinux))
		if err != nil {
			return nil, fmt.Errorf("the kernel inside: %w", err)
		}
		return btfSection(k.Image, file)
	})
	if err != nil {
		return nil, fmt.Errorf("BTF of kernel %s: %w", k.Release, err)
	}
	return data, nil
}

func readBTF(path string) ([]byte, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("BTF: %w", err)
	}
	if !bytes.HasPrefix(data, []byte(elf.ELFMAG)) {
		return data, nil
	}
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("BTF: %s: %w", path, err)
	}
	return btfSection(path, file)
}

func btfSection(path string, file *elf.File) ([]byte, error) {
	section := file.Section(".BTF")
	if section == nil {
		return nil, &UserError{
			Message: path + " carries no BTF",
			Hint:    "the kernel was built without CONFIG_DEBUG_INFO_BTF; with its debuginfo (`stap prep --debuginfo`) stap does without",
		}
	}
	data, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("BTF: %s: %w", path, err)
	}
	return data, nil
}

// unpackImage maps the kernel in an image into memory, by way of a nameless
// temporary file; one that was not compressed is read.
func unpackImage(image string) ([]byte, error) {
	file, err := os.Open(image)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, &UserError{Message: "no permission to read " + image, Hint: "sudo chmod a+r " + image, Cause: err}
		}
		return nil, err
	}
	defer file.Close()
	if flat, err := readFlat(file); flat != nil || err != nil {
		if err == nil {
			flat, err = elfOfFlat(flat)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		return flat, nil
	}
	payload, err := imagePayload(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	vmlinux, err := os.CreateTemp("", "vmlinux-*")
	if err != nil {
		return nil, explainWrite(os.TempDir(), err)
	}
	defer vmlinux.Close()
	if err := os.Remove(vmlinux.Name()); err != nil {
		return nil, err
	}
	if err := decompress(vmlinux, payload); err != nil {
		return nil, explainWrite(os.TempDir(), fmt.Errorf("%s: %w", image, err))
	}
	unpacked, err := mapOpen(vmlinux)
	if err != nil {
		return nil, fmt.Errorf("%s: the kernel inside: %w", image, err)
	}
	return unpacked, nil
}

// readFlat gives an arm64 kernel's image, which may be compressed by gzip as a whole;
// nil for another one.
func readFlat(file *os.File) ([]byte, error) {
	begin := make([]byte, 0x41)
	if _, err := file.ReadAt(begin, 0); err != nil {
		return nil, nil // too short for any image, which is said later
	}
	if isFlatImage(begin) {
		return io.ReadAll(io.NewSectionReader(file, 0, math.MaxInt64))
	}
	if begin[0] != 0x1f || begin[1] != 0x8b {
		return nil, nil
	}
	unpacked, err := gzip.NewReader(io.NewSectionReader(file, 0, math.MaxInt64))
	if err != nil {
		return nil, err
	}
	image, err := io.ReadAll(unpacked)
	if err == nil && !isFlatImage(image) {
		err = errors.New("what is in it is not an arm64 kernel")
	}
	return image, err
}

// imagePayload finds the compressed kernel in a bzImage by its setup header
// (Linux, Documentation/x86/boot.rst): setup_sects at 0x1f1, "HdrS" at 0x202,
// version at 0x206, payload_offset and payload_length at 0x248 and 0x24c,
// counted from the end of the setup sectors.
func imagePayload(image io.ReaderAt) ([]byte, error) {
	header := make([]byte, 0x250)
	if _, err := image.ReadAt(header, 0); err != nil {
		return nil, fmt.Errorf("not a bzImage: %w", err)
	}
	if string(header[0x202:0x206]) != "HdrS" {
		return nil, errors.New("not a bzImage: no HdrS in its setup header")
	}
	if version := binary.LittleEndian.Uint16(header[0x206:]); version < 0x208 {
		return nil, fmt.Errorf("boot protocol %#x is too old to find the kernel in it", version)
	}
	setupSectors := int64(header[0x1f1])
	if setupSectors == 0 {
		setupSectors = 4
	}
	offset := int64(binary.LittleEndian.Uint32(header[0x248:]))
	payload := io.NewSectionReader(image, (setupSectors+1)*512+offset, int64(binary.LittleEndian.Uint32(header[0x24c:])))
	data, err := io.ReadAll(payload)
	if err != nil {
		return nil, fmt.Errorf("the compressed kernel: %w", err)
	}
	if int64(len(data)) < payload.Size() || len(data) < 8 {
		return nil, fmt.Errorf("cut off: %d bytes of its kernel's %d are there", len(data), payload.Size())
	}
	return data, nil
}

// decompress writes the kernel in a bzImage's payload. All formats but gzip,
// whose own last word it is, are followed by the unpacked size in 4 bytes.
func decompress(out io.Writer, payload []byte) error {
	body := payload[:len(payload)-4]
	size := int64(binary.LittleEndian.Uint32(payload[len(body):]))
	var unpacked io.Reader
	var err error
	switch {
	case bytes.HasPrefix(payload, []byte(elf.ELFMAG)):
		_, err := out.Write(payload)
		return err
	case bytes.HasPrefix(payload, []byte{0x1f, 0x8b}):
		unpacked, err = gzip.NewReader(bytes.NewReader(payload))
	case bytes.HasPrefix(payload, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderMaxWindow(1<<30)); err == nil {
			defer decoder.Close()
		}
		unpacked = decoder
	case bytes.HasPrefix(payload, []byte{0x02, 0x21, 0x4c, 0x18}):
		unpacked = &legacyLZ4{blocks: body[4:]}
	case bytes.HasPrefix(payload, []byte("\xfd7zXZ\x00")):
		unpacked, err = newXZReader(body)
	case bytes.HasPrefix(payload, []byte("BZh")):
		unpacked = bzip2.NewReader(bytes.NewReader(body))
	case bytes.HasPrefix(payload, []byte{0x5d, 0, 0}):
		unpacked, err = lzma.NewReader(bytes.NewReader(body))
	default:
		return fmt.Errorf("the kernel is compressed in a way that is not known here: it begins with % x", payload[:4])
	}
	if err != nil {
		return fmt.Errorf("unpacking the kernel: %w", err)
	}
	written, err := io.Copy(out, unpacked)
	if err != nil {
		return fmt.Errorf("unpacking the kernel: %w", err)
	}
	if written != size {
		return fmt.Errorf("unpacking the kernel: %d bytes, not %d", written, size)
	}
	return nil
}

// legacyLZ4 reads what `lz4 -l` writes after its magic number: blocks of at
// most 8 MB of text, each with its packed length before it.
type legacyLZ4 struct {
	blocks []byte
	buffer []byte
	text   []byte // the unread end of buffer
}

const legacyBlock = 8 << 20

func (r *legacyLZ4) Read(p []byte) (int, error) {
	for len(r.text) == 0 {
		if len(r.blocks) < 4 {
			return 0, io.EOF
		}
		length := int(binary.LittleEndian.Uint32(r.blocks))
		if length > len(r.blocks)-4 {
			return 0, io.ErrUnexpectedEOF
		}
		if r.buffer == nil {
			r.buffer = make([]byte, legacyBlock)
		}
		n, err := lz4.UncompressBlock(r.blocks[4:4+length], r.buffer)
		if err != nil {
			return 0, err
		}
		r.text, r.blocks = r.buffer[:n], r.blocks[4+length:]
	}
	n := copy(p, r.text)
	r.text = r.text[n:]
	return n, nil
}
