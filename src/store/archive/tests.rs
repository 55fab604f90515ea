//! Tests of backups and restores.

use super::*;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn changes(restored: &Restored) -> Vec<(&str, Change)> {
    restored.entries.iter().map(|entry| (entry.name.as_str(), entry.change)).collect()
}

/// An archive of these entries, made by hand so that names can be anything.
fn archive_of(path: &Path, entries: &[(&[u8], tar::EntryType)]) {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(path).unwrap(), Compression::fast()));
    for (name, kind) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(1);
        header.set_cksum();
        tar.append(&header, &b"x"[..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

#[test]
fn a_folder_comes_back_elsewhere() {
    let temp = tempfile::tempdir().unwrap();
    let (from, to, file) = (temp.path().join("from"), temp.path().join("to"), temp.path().join("x.tar.gz"));
    let long = format!("{}@example.com.Blynk.user", "long".repeat(45));
    write(
        &from,
        &[
            ("a@b.cc.Blynk.user", "one"),
            (&long, "two"),
            ("backup/a@b.cc.Blynk.user.2020-02-29", "old"),
            ("data/a@b.cc/history_1-0_v5_minute.bin", "0123456789abcdef"),
            ("żółw.pem", "key"),
            ("eyelet.lock", "1"),
            ("logs/blynk.log", "log"),
            ("server-0.41.17.jar", "program"),
            ("old.tar.gz", "archive"),
            ("clone/.eyelet-0.tmp", "unfinished"),
        ],
    );
    let old = SystemTime::now() - Duration::from_secs(500_000);
    let backup_file = "backup/a@b.cc.Blynk.user.2020-02-29";
    File::options().write(true).open(from.join(backup_file)).unwrap().set_modified(old).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", from.join("link.user")).unwrap();
    assert_eq!(backup(&from, &file).unwrap(), Written { files: 5, bytes: 28 });
    write(&to, &[("a@b.cc.Blynk.user", "other"), ("żółw.pem", "key"), ("new@b.cc.Blynk.user", "new")]);
    let dry = restore(&file, &to, true).unwrap();
    assert_eq!(
        changes(&dry),
        [
            ("a@b.cc.Blynk.user", Change::Replaced),
            (backup_file, Change::New),
            ("data/a@b.cc/history_1-0_v5_minute.bin", Change::New),
            (long.as_str(), Change::New),
            ("żółw.pem", Change::Same),
        ]
    );
    assert_eq!(dry.left, ["new@b.cc.Blynk.user"]);
    assert!(!to.join("data").exists());
    assert_eq!(restore(&file, &to, false).unwrap(), dry);
    assert_eq!(fs::read_to_string(to.join("a@b.cc.Blynk.user")).unwrap(), "one");
    assert_eq!(fs::read_to_string(to.join(&long)).unwrap(), "two");
    let age = fs::metadata(to.join(backup_file)).unwrap().modified().unwrap().elapsed().unwrap();
    assert!(age > Duration::from_secs(499_000), "the newest backup is found by its time");
    assert!(restore(&file, &to, false).unwrap().entries.iter().all(|entry| entry.change == Change::Same));
}

#[test]
fn a_backup_inside_the_folder_does_not_hold_itself() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), &[("a@b.cc.Blynk.user", "one")]);
    let out = temp.path().join("copy.bin");
    for _ in 0..2 {
        assert_eq!(backup(temp.path(), &out).unwrap().files, 1);
    }
}

#[test]
fn a_folder_in_use_and_a_dry_run_on_none() {
    let temp = tempfile::tempdir().unwrap();
    let (from, file) = (temp.path().join("from"), temp.path().join("x.tar.gz"));
    let folder = DataFolder::open(&from).unwrap();
    write(&from, &[("a@b.cc.Blynk.user", "one")]);
    backup(&from, &file).unwrap();
    fs::remove_file(from.join("a@b.cc.Blynk.user")).unwrap();
    assert!(matches!(restore(&file, &from, false), Err(ArchiveError::Folder(FolderError::InUse(..)))));
    assert!(!from.join("a@b.cc.Blynk.user").exists());
    drop(folder);
    restore(&file, &from, false).unwrap();
    assert!(from.join("a@b.cc.Blynk.user").exists());
    assert_eq!(restore(&file, &temp.path().join("none"), true).unwrap().entries.len(), 1);
    assert!(!temp.path().join("none").exists());
}

#[test]
fn strange_archives_are_refused_whole() {
    let temp = tempfile::tempdir().unwrap();
    let (file, to) = (temp.path().join("x.tar.gz"), temp.path().join("to"));
    use tar::EntryType as T;
    for (name, kind) in [
        (&b"../evil.user"[..], T::Regular),
        (b"/etc/evil", T::Regular),
        (b"data/../../evil", T::Regular),
        (b"a\\b", T::Regular),
        (b"bad\xff", T::Regular),
        (b"./a", T::Regular),
        (b"eyelet.lock", T::Regular),
        (b"data/.eyelet-0.tmp", T::Regular),
        (b"1/2/3/4/5/6/7/8/9", T::Regular),
        (b"link", T::Symlink),
        (b"link", T::Link),
        (b"device", T::Char),
        (b"../folder", T::Directory),
    ] {
        archive_of(&file, &[(b"a@b.cc.Blynk.user", T::Regular), (name, kind)]);
        let result = restore(&file, &to, false);
        assert!(matches!(result, Err(ArchiveError::Refused(_))), "{} {result:?}", String::from_utf8_lossy(name));
        assert!(!to.exists());
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let (file, to) = (temp.path().join("x.tar.gz"), temp.path().join("to"));
    let claim = |kind, name: &str, size: u64, content: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        let mut gzip = GzEncoder::new(File::create(&file).unwrap(), Compression::fast());
        gzip.write_all(header.as_bytes()).unwrap();
        io::copy(&mut io::repeat(b'a').take(content), &mut gzip).unwrap();
        gzip.finish().unwrap();
        let result = restore(&file, &to, false);
        assert!(!to.exists());
        result
    };
    let cut = claim(tar::EntryType::Regular, "a@b.cc.Blynk.user", 1 << 42, 5);
    assert!(matches!(cut, Err(ArchiveError::NotAnArchive(..))), "{cut:?}");
    for kind in [tar::EntryType::GNULongName, tar::EntryType::GNULongLink, tar::EntryType::XHeader] {
        let bomb = claim(kind, "././@LongLink", 32 << 20, 32 << 20);
        assert!(matches!(bomb, Err(ArchiveError::Refused(_))), "{bomb:?}");
    }
}

#[test]
fn damaged_archives_are_refused_whole() {
    let temp = tempfile::tempdir().unwrap();
    let (from, file, to) = (temp.path().join("from"), temp.path().join("x.tar.gz"), temp.path().join("to"));
    let content: String = (0..20_000).map(|n| format!("{n} ")).collect();
    write(&from, &[("a@b.cc.Blynk.user", &content), ("b@b.cc.Blynk.user", &content)]);
    backup(&from, &file).unwrap();
    let whole = fs::read(&file).unwrap();
    let mut wrong = whole.clone();
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    for bad in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], b"", b"no archive", &wrong] {
        fs::write(&file, bad).unwrap();
        let result = restore(&file, &to, false);
        assert!(matches!(result, Err(ArchiveError::NotAnArchive(..))), "{} {result:?}", bad.len());
        assert!(!to.exists());
    }
}
