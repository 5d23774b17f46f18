package vfs

type File interface{ Sync() error }

type Other interface{ Sync() error }
