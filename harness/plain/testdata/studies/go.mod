module example.com/studies

go 1.25
