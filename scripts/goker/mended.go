package main

// fixes are the fixes of the kernels: as the projects fixed them, or as simple as possible.
var fixes = []fix{
	{"Cockroach584", [][2]string{
		{"bootstrap() {\n\tfor {", "bootstrap() {\n\tdefer g.mu.Unlock()\n\tfor {"},
		{"manage() {\n\tfor {", "manage() {\n\tdefer g.mu.Unlock()\n\tfor {"},
	}},
	{"Cockroach9935", [][2]string{{"\t\tl.exit(err)\n", "\t\tl.mu.Unlock()\n\t\tl.exit(err)\n\t\treturn\n"}}},
	{"Cockroach7504", [][2]string{{"\tdefer c.mu.Unlock() // L2\n\tlease, ok := c.tables[id]\n", "\tlease, ok := c.tables[id]\n\tc.mu.Unlock()\n"}}},
	{"Cockroach13197", [][2]string{{"\tdb.begin(context.Background())", "\tdb.begin(context.Background()).Rollback()"}}},
	{"Cockroach13755", [][2]string{{"\trs.initContextClose(context.Background())\n", "\trs.initContextClose(context.Background())\n\trs.close(nil)\n"}}},
	{"Cockroach24808", [][2]string{{"\tc.ch <- struct{}{}\n\tstopper", "\tselect {\n\tcase c.ch <- struct{}{}:\n\tdefault:\n\t}\n\tstopper"}}},
	{"Cockroach25456", [][2]string{{"tc.StartWithStoreConfig(stopper)\n", "tc.StartWithStoreConfig(stopper)\n\t\tclose(stopper.quiescer)\n"}}},
	{"Cockroach35931", [][2]string{{"left.initWithBufSizeAndNumSenders(1)", "left.initWithBufSizeAndNumSenders(2)"}}},
	{"Etcd5509", [][2]string{{"return ErrConnClosed_etcd5509 //", "r.client.mu.RUnlock()\n\t\t\treturn ErrConnClosed_etcd5509 //"}}},
	{"Etcd6708", [][2]string{{"\tc.Lock()\n\tdefer c.Unlock()\n\n\tc.SetEndpoints()", "\tc.Lock()\n\tc.Unlock()\n\n\tc.SetEndpoints()"}}},
	{"Etcd6857", [][2]string{{
		"\tn.status <- c\n\treturn <-c\n",
		"\tselect {\n\tcase n.status <- c:\n\t\treturn <-c\n\tcase <-n.done:\n\t\treturn Status_etcd6857{}\n\t}\n",
	}}},
	{"Etcd10492", [][2]string{{"\tif le.cp != nil {\n", "\tif le.cp != nil {\n\t\tunlock()\n\t\tunlock = func() {}\n"}}},
	{"Grpc795", [][2]string{{"\t\ts.mu.Lock()\n\t\treturn", "\t\ts.mu.Unlock()\n\t\treturn"}}},
	{"Grpc862", [][2]string{{"cc.ctx, cc.cancel = context.WithCancel(context.Background())", "cc.ctx, cc.cancel = context.WithCancel(ctx)"}}},
	{"Grpc1275", [][2]string{
		{"\t}\n\treturn 0, nil\n", "\t}\n\treturn 0, io.EOF\n"},
		{"The patch is to send out this message.\n", "The patch is to send out this message.\n\tclose(s.trReader.(*recvBufferReader_grpc1275).recv.c)\n"},
	}},
	{"Grpc1424", [][2]string{{"lbWatcher(doneChan chan bool) {\n", "lbWatcher(doneChan chan bool) {\n\tdefer close(doneChan)\n"}}},
	{"Grpc1460", [][2]string{
		{"\t\t<-t.awakenKeepalive\n", "\t\tt.mu.Unlock()\n\t\t<-t.awakenKeepalive\n\t\tt.mu.Lock()\n"},
		{"awakenKeepalive: make(chan struct{}),", "awakenKeepalive: make(chan struct{}, 1),"},
	}},
	{"Kubernetes25331", [][2]string{{
		"\t\twc.cancel() // Removed in fix\n\t\twc.resultChan <- errResult\n",
		"\t\tselect {\n\t\tcase wc.resultChan <- errResult:\n\t\tcase <-wc.ctx.Done():\n\t\t}\n",
	}}},
	{"Kubernetes38669", [][2]string{{"newCacheWatcher_kubernetes38669(0, initEvents)", "newCacheWatcher_kubernetes38669(2, initEvents)"}}},
	{"Kubernetes62464", [][2]string{{"GetCPUSetOrDefault() {\n\ts.RLock()\n\tdefer s.RUnlock()\n", "GetCPUSetOrDefault() {\n"}}},
	{"Moby7559", [][2]string{
		{"\t\t\tcontinue\n", "\t\t\tproxy.connTrackLock.Unlock()\n\t\t\tcontinue\n"},
		{"\t\tif i == 0 {\n\t\t\tbreak\n\t\t}\n\t}\n\tproxy.connTrackLock.Unlock()\n", "\t\tproxy.connTrackLock.Unlock()\n\t\tif i == 0 {\n\t\t\tbreak\n\t\t}\n\t}\n"},
	}},
	{"Moby17176", [][2]string{
		{"/// Missing devices.Unlock()\n", "devices.Unlock()\n"},
		{"doneChan := make(chan bool)", "doneChan := make(chan bool, 1)"},
	}},
	{"Moby25348", [][2]string{{"\t\tgroup.Wait() // Block here\n\t}\n", "\t}\n\tgroup.Wait()\n"}}},
	// Go changed this kernel, so that it cannot leak: readLogs holds the lock while it waits for something that Close would close
	// while it holds the same lock.
	{"Moby27782", nil},
	{"Moby30408", [][2]string{{"for !p.activated() {", "for !p.activated() && p.activateErr == nil {"}}},
	{"Moby36114", [][2]string{{"hotRemoveVHDsAtStart() {\n\tsvm.Lock()\n\tdefer svm.Unlock()\n", "hotRemoveVHDsAtStart() {\n"}}},
	{"Syncthing4829", [][2]string{{"\tm.mut.RLock() // L2\n\tm.mut.RUnlock() // L2\n", ""}}},
	{"Syncthing5795", [][2]string{{"\t\t<-c.dispatcherLoopStopped\n\t})", "\t})"}}},
}
