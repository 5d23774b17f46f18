//go:build !linux

package storage

func adviseHugePages([]byte) {}
